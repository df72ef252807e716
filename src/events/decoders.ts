import type { StandardSchemaV1 } from "@standard-schema/spec";
import { messageOf } from "../util/message-of.ts";

/**
 * Turns an event's data into a payload: a function of the text, or a Standard Schema (zod, valibot,
 * arktype, …), which gets the parsed JSON. If it throws or finds issues, the payload is refused:
 * an `invalid` event is dispatched instead of the typed one.
 */
export type Decoder<T> = ((text: string) => Secondary<T>) | StandardSchemaV1<unknown, T>;

/**
 * `T`, but inferred only if nothing else determines `T`: inference prefers other candidates to a
 * conditional type. arktype's schemas are functions, too, and may return errors; their return type
 * must not determine the payload.
 */
type Secondary<T> = [T] extends [unknown] ? T : T;

/** Decoders by event name. The payload types are inferred from them. */
export type Decoders<P extends object> = { readonly [K in keyof P]-?: Decoder<P[K]> };

/** One problem of a payload, in the form that Standard Schema defines. */
export type Issue = StandardSchemaV1.Issue;

/** Thrown when a schema refuses a payload. */
class Refusal extends Error {
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(issues.map(({ message }) => message).join("; "));
    this.issues = issues;
  }
}

/**
 * Decodes JSON and trusts it to be a `T`: only the syntax is checked. Data that is not JSON becomes
 * an `invalid` event.
 */
export function json<T>(): (text: string) => T {
  return JSON.parse as (text: string) => T;
}

/**
 * Lets a Standard Schema validate the text itself, without parsing it as JSON first. Issues that it
 * finds become an `invalid` event.
 */
export function text<T>(schema: StandardSchemaV1<unknown, T>): (text: string) => T {
  return (raw) => validate(schema, raw);
}

/** Some validators (arktype) are both functions and schemas; they are used as schemas. */
const isSchema = (decoder: Decoder<unknown>): decoder is StandardSchemaV1 => "~standard" in decoder;

/**
 * @throws Refusal if the schema finds issues, or validates asynchronously: waiting for it would
 * break the order of events.
 */
function validate<T>(schema: StandardSchemaV1<unknown, T>, value: unknown): T {
  const result = schema["~standard"].validate(value);
  if ("then" in result) {
    result.then(undefined, () => undefined);
    throw new Refusal([
      { message: "the schema validates asynchronously, which would break the order of events" },
    ]);
  }
  if (result.issues) throw new Refusal(result.issues);
  return result.value;
}

/** The decoders as functions of the text, by event name; undefined if there are none. */
export function toFunctions(
  decoders: object | undefined,
): ReadonlyMap<string, (text: string) => unknown> | undefined {
  return (
    decoders &&
    new Map(
      Object.entries(decoders as Record<string, Decoder<unknown>>).map(([name, decoder]) => [
        name,
        isSchema(decoder) ? (raw) => validate(decoder, JSON.parse(raw)) : decoder,
      ]),
    )
  );
}

/** The issues behind an exception that a decoder threw. */
export function issuesOf(thrown: unknown): readonly Issue[] {
  return thrown instanceof Refusal ? thrown.issues : [{ message: messageOf(thrown) }];
}
