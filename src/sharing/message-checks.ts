import { LONGEST_DELAY } from "../util/sleep.ts";
import type { Message } from "./messages.ts";

/**
 * Returns true if a value has the expected type. Each check names every field that its readers use.
 */
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isNumber: Check = Number.isFinite;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
// `every` would skip the holes of an array.
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && Array.from(value as unknown[]).every(check);
const hasShape =
  (checks: Record<string, Check>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(checks).every(([name, check]) =>
      check((value as Record<string, unknown>)[name]),
    );
/** One of several shapes, told apart by the text in the field `tag`. */
const oneOf = (tag: string, shapes: Record<string, Check>): Check => {
  // Not looked up in the object: a text from outside may be the name of an inherited property.
  const known = new Map<unknown, Check>(Object.entries(shapes));
  return (value) =>
    hasShape({ [tag]: isText })(value) &&
    !!known.get((value as Record<string, unknown>)[tag])?.(value);
};
const areHeaders: Check = (value) => {
  try {
    return listOf(listOf(isText))(value) && !!new Headers(value as [string, string][]);
  } catch {
    return false;
  }
};

const areNames = listOf(isText);
const areEvents = listOf(
  hasShape({
    type: isText,
    data: isText,
    lastEventId: isText,
    origin: isText,
    idInherited: isFlag,
    connection: isNumber,
  }),
);
const hasState = (checks: Record<string, Check> = {}): Check =>
  hasShape({ isUnrepeatable: isFlag, ...checks });
const isState = oneOf("status", {
  connecting: hasState(),
  open: hasState({ code: optional(isNumber), headers: areHeaders, connection: isNumber }),
  failed: hasState({
    error: hasShape({
      message: isText,
      reason: isText,
      status: optional(isNumber),
      retryAfter: optional(isNumber),
    }),
    retryAt: optional(isNumber),
  }),
});
const isAnswer = hasShape({
  to: isText,
  after: isText,
  missed: (missed) => missed === null || areEvents(missed),
  sticky: areEvents,
});
const ofLeader = (checks: Record<string, Check> = {}): Check =>
  hasShape({ from: isText, term: isNumber, number: isNumber, ...checks });

/** Returns true if a value from the channel is a message of this protocol. */
export const isMessage = oneOf("kind", {
  hello: hasShape({ from: isText, lastEventId: isText, names: areNames, reconnectNow: isFlag }),
  names: hasShape({ names: areNames }),
  ping: () => true,
  // As `reconnect()` demands.
  drain: hasShape({
    within: (ms) => isNumber(ms) && (ms as number) >= 0 && (ms as number) <= LONGEST_DELAY,
  }),
  pong: ofLeader(),
  state: ofLeader({
    state: isState,
    lastEventId: isText,
    names: areNames,
    answer: optional(isAnswer),
  }),
  events: ofLeader({ events: areEvents }),
  lastEventId: ofLeader({ lastEventId: isText }),
  retry: ofLeader({ ms: isNumber }),
  activity: ofLeader(),
}) as (value: unknown) => value is Message;
