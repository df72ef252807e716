import type { StandardSchemaV1 } from "@standard-schema/spec";
import { messageOf } from "../util/report.ts";

/**
 * Makes a payload of an event's data: a function of the text, or a Standard Schema (zod, valibot, arktype, …), which gets the parsed JSON. What it
 * throws or finds wrong refuses the payload: an `invalid` event instead of the typed one.
 */
export type Decoder<T> = ((text: string) => Secondary<T>) | StandardSchemaV1<unknown, T>;

/**
 * `T`, but inferred from only where nothing else says what `T` is: arktype's schemas are functions, too, and what those return may be errors. A
 * conditional type has that lower priority.
 */
type Secondary<T> = [T] extends [unknown] ? T : T;

/** Decoders by event name. The payload types are inferred from it. */
export type Decoders<P extends object> = { readonly [K in keyof P]-?: Decoder<P[K]> };

/** What is wrong with a payload, in the form of Standard Schema. */
export type Issue = StandardSchemaV1.Issue;

/** Thrown inside: the payload is refused, for these reasons. */
class Refusal extends Error {
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(issues.map(({ message }) => message).join("; "));
    this.issues = issues;
  }
}

/** Decodes JSON and trusts it to be a `T`: nothing is checked but the syntax. Data that is no JSON becomes an `invalid` event. */
export function json<T>(): (text: string) => T {
  return JSON.parse as (text: string) => T;
}

/** Lets a Standard Schema check the text itself, without parsing JSON first. What it finds wrong becomes an `invalid` event. */
export function text<T>(schema: StandardSchemaV1<unknown, T>): (text: string) => T {
  return (raw) => validate(schema, raw);
}

/** Some validators (arktype) are functions and schemas at once; the schema is what was meant. */
const isSchema = (decoder: Decoder<unknown>): decoder is StandardSchemaV1 => "~standard" in decoder;

/** @throws Refusal when the schema finds issues, or would answer later: waiting for it would break the order of events. */
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

/** The function behind a decoder; undefined stays undefined: the text is the payload. */
export function toFunction(
  decoder: Decoder<unknown> | undefined,
): ((text: string) => unknown) | undefined {
  return decoder && isSchema(decoder) ? (raw) => validate(decoder, JSON.parse(raw)) : decoder;
}

/** What a decoder threw, as issues. */
export function issuesOf(thrown: unknown): readonly Issue[] {
  return thrown instanceof Refusal ? thrown.issues : [{ message: messageOf(thrown) }];
}
