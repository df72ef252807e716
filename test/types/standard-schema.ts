/** The interface of https://standardschema.dev, written down here as a library that depends on nobody would. */
export interface Schema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>;
  };
}
type Result<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

export declare function schemaOf<Output>(): Schema<Output>;
