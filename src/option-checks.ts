import type { Decoders } from "./events/decoders.ts";
import {
  defaults,
  type BackoffOptions,
  type ResilientEventSourceOptions,
  type Settings,
} from "./options.ts";
import { LONGEST_DELAY } from "./util/sleep.ts";

type Members = Record<string, unknown>;

/**
 * A rule: a description for error messages, a predicate, and optionally a conversion that runs
 * before the predicate.
 */
type Rule = readonly [
  expected: string,
  isMet: (value: unknown) => boolean,
  convert?: (value: unknown) => unknown,
];
/** An option without a rule is a type error. */
type Rules<Name extends string = string> = Readonly<Record<Name, Rule>>;

const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;
const isFunction = (value: unknown): value is (...args: never) => unknown =>
  typeof value === "function";
const isString = (value: unknown): value is string => typeof value === "string";
const numberFrom = (min: number, max: number): Rule => [
  `a number from ${min} to ${max}`,
  (value) => typeof value === "number" && value >= min && value <= max,
];
/** An object is plain if its prototype is null, or is an Object.prototype of any realm. */
const isPlain = (value: unknown): value is Members => {
  const prototype: unknown = isObject(value) && Object.getPrototypeOf(value);
  return prototype === null || (isObject(prototype) && Object.getPrototypeOf(prototype) === null);
};

/** Any value, converted as in WebIDL. */
const flag: Rule = ["a boolean", () => true, Boolean];
/** A number of milliseconds, or a count. */
const zeroOrMore = numberFrom(0, LONGEST_DELAY);
const decoder: Rule = [
  "a function or a Standard Schema",
  (value) => isFunction(value) || (isObject(value) && "~standard" in value),
];

const backoffRules: Rules<keyof BackoffOptions> = {
  startingDelay: zeroOrMore,
  timeMultiple: numberFrom(1, Number.MAX_VALUE),
  maxDelay: zeroOrMore,
  numOfAttempts: numberFrom(1, Infinity),
  jitter: ['"full" or "none"', (value) => value === "full" || value === "none"],
  delayFirstAttempt: flag,
  retry: ["a function", isFunction],
};

const rules: Rules<keyof ResilientEventSourceOptions | "events"> = {
  withCredentials: flag,
  backoff: [
    "an object",
    isObject,
    (value) =>
      isObject(value) ? readMembers(value, backoffRules, defaults.backoff, "backoff.") : value,
  ],
  minUptime: zeroOrMore,
  connectTimeout: zeroOrMore,
  heartbeatTimeout: zeroOrMore,
  pauseWhenHidden: [
    `true, false or ${zeroOrMore[0]}`,
    zeroOrMore[1],
    (value) => (value === true ? 60_000 : value === false ? 0 : value),
  ],
  dedupe: zeroOrMore,
  lastEventId: [
    "a string without NUL, CR and LF",
    (value) => isString(value) && !/[\0\r\n]/.test(value),
  ],
  resume: [
    '"header", { query } or a function',
    (value) =>
      value === "header" ||
      isFunction(value) ||
      (isObject(value) && [value["query"]].flat().every(isString)),
    (value) => {
      if (!isObject(value)) return value;
      const { query } = value;
      return { query: Array.isArray(query) ? Array.from<unknown>(query) : query };
    },
  ],
  transport: [
    "a transport, such as fetchTransport({ … }), which has to be called",
    // The names of our functions that make transports. A transport itself has two parameters.
    (value) =>
      isFunction(value) &&
      !(value.length < 2 && /^(fetch|eventSource|polyfill|shared)Transport$/.test(value.name)),
  ],
  signal: ["an AbortSignal", (value) => isObject(value) && "aborted" in value],
  events: [
    "a plain object of decoders",
    isPlain,
    // The types include inherited members (methods of a class, the prototype in `{ __proto__:
    // decoders }`), but only own members are copied, so an object with a prototype is refused.
    (value) => {
      if (!isPlain(value)) return value;
      const copy = { ...value };
      for (const name of Object.keys(copy)) check(`events.${name}`, copy[name], decoder);
      return copy;
    },
  ],
};

/** @throws RangeError or TypeError, which names the option and the value. */
function check(name: string, value: unknown, [expected, isMet]: Rule): void {
  if (isMet(value)) return;
  const shown = isObject(value)
    ? "an object"
    : isFunction(value)
      ? `the function ${value.name}`
      : isString(value)
        ? JSON.stringify(value)
        : String(value);
  throw new (typeof value === "number" ? RangeError : TypeError)(
    `${name} must be ${expected}, got ${shown}`,
  );
}

/** @throws RangeError or TypeError unless the value is a number of milliseconds */
export function checkMilliseconds(name: string, value: unknown): void {
  check(name, value, zeroOrMore);
}

/**
 * Reads each known member once, own or inherited, and checks the value that was read: a getter may
 * return another value the next time.
 */
function readMembers(given: Members, rules: Rules, defaults: Members, prefix = ""): Members {
  // Not empty: objects that grow take more memory.
  const values: Members = { ...defaults };
  for (const [name, rule] of Object.entries(rules)) {
    const { [name]: value = defaults[name] } = given;
    if (value === undefined) continue;
    const converted = rule[2] ? rule[2](value) : value;
    check(prefix + name, converted, rule);
    values[name] = converted;
  }
  for (const name in given)
    if (!(name in rules) && given[name] !== undefined) reportUnknown(name, rules, prefix);
  return values;
}

/**
 * Warns about an unknown option and suggests the nearest name.
 *
 * @throws TypeError if it is an option of `fetchTransport`
 */
function reportUnknown(name: string, rules: Rules, prefix: string): void {
  if (!prefix && /^(headers|method|body|fetch)$/.test(name))
    throw new TypeError(`${name} is an option of fetchTransport({ … }), not of the source`);
  /** How many pairs of letters the names have in common. */
  const likeness = (other: string): number =>
    Array.from(other).filter((_, at) => at && name.includes(other.slice(at - 1, at + 1))).length;
  const nearest = Object.keys(rules).reduce((best, other) =>
    likeness(other) > likeness(best) ? other : best,
  );
  // Not an error: other implementations of EventSource have options of their own.
  console.warn(
    `resilient-eventsource: unknown option ${prefix}${name}, did you mean ${prefix}${nearest}?`,
  );
}

/**
 * Reads and checks all options, and fills in the defaults.
 *
 * @throws RangeError for a number out of range (including NaN), TypeError for a value of the wrong
 * type; both name the option and the value.
 */
export function resolveOptions(
  given?: (ResilientEventSourceOptions & { events?: Decoders<object> | undefined }) | null,
): Settings {
  // WebIDL reads null as an empty dictionary.
  const options = given ?? {};
  check("options", options, ["an object", isObject]);
  return readMembers(options as Members, rules, defaults) as unknown as Settings;
}
