import type { RetryPolicy } from "./connection/retry.ts";
import { LONGEST_DELAY } from "./util/sleep.ts";
import type { Decoders } from "./events/decoders.ts";
import type { Resume } from "./transport/resume.ts";
import type { Transport } from "./transport/transport.ts";

/**
 * How long to wait before each retry: `min(startingDelay × timeMultiple^(attempt - 1), maxDelay)`, then jitter; never sooner than the server's
 * `retry` and Retry-After ask for, with the jittered delay on top of the larger one. Names and meaning are those of the
 * exponential-backoff package, whose arithmetic this is; the defaults are ours.
 */
export interface BackoffOptions {
  /** Delay before the first retry, before jitter, in milliseconds. Default 3000, native's own. 0: every wait is the minimum of 100 ms, or what the server asks for. A `retry` that is larger takes its place. */
  startingDelay?: number | undefined;
  /** Factor from one delay to the next, at least 1. Default 2. 1: all delays are alike. */
  timeMultiple?: number | undefined;
  /** Cap of the delay, in milliseconds, applied before the jitter. Default 30000. 0: every wait is the minimum of 100 ms. At most 2^31-1, so not Infinity. */
  maxDelay?: number | undefined;
  /** `"full"` draws each wait evenly from 0 to the delay, so that clients spread out; `"none"` waits the delay. Default `"full"`. */
  jitter?: "full" | "none" | undefined;
  /**
   * How many connections in a row may fail (or end before `minUptime`) before we give up; 1 never retries. Default Infinity: never give up.
   * At least 1.
   */
  numOfAttempts?: number | undefined;
  /** Wait before the very first connection, too: for a page that a million people open at once. Shifts all delays by one factor, as in the package. Default false. */
  delayFirstAttempt?: boolean | undefined;
  /**
   * Replaces the retry table: called after each failed connection with its error and the number of
   * the retry that would come (from 1). It returns a boolean or the wait in milliseconds, or a
   * promise of one of them, if a token has to be refreshed, say; `reconnect()` does not wait for it.
   * A number is waited exactly, without jitter and even if the server asked for more, but at least
   * 100 and at most 2^31-1; it counts toward `numOfAttempts`. If the function throws or answers NaN,
   * that is reported and the table decides. It is not asked after a connection that named a `retry`
   * and ended cleanly. Default undefined: the table.
   */
  retry?: RetryPolicy | undefined;
}

/**
 * Options of a ResilientEventSource, beside `events`. Everywhere, `undefined` means the default. Milliseconds are numbers from 0 to 2^31-1 (24.8 days),
 * the longest that a timer can wait, so Infinity is refused; 0 is what turns a limit off. A bad value throws a RangeError (a number out of range) or a
 * TypeError that names the option and the value.
 */
export interface ResilientEventSourceOptions {
  /** Send credentials across origins, as in EventSourceInit. Default false. `credentials` given to `fetchTransport` win. */
  withCredentials?: boolean | undefined;
  /** Waits between attempts, and how many. Default {@link BackoffOptions}' defaults. */
  backoff?: BackoffOptions | undefined;
  /**
   * A connection that was open this long, in milliseconds from its opening, sets the attempt counter back to 0. Default 5000. 0: every opening does
   * (a server that accepts and closes at once is then asked again after `startingDelay` for ever).
   */
  minUptime?: number | undefined;
  /**
   * The id to resume after on the first connection, kept from an earlier page load, say; without NUL, CR and LF, as in an event stream. Default "": from
   * wherever the server starts.
   */
  lastEventId?: string | undefined;
  /**
   * How a reconnect tells the server the last id: `"header"` (Last-Event-ID), `{ query: name or names }`, or a function that makes the URL.
   * Default: `"header"` within the page's origin, `{ query: "lastEventId" }` across origins, where the header would need a preflight. A transport
   * that cannot send headers uses the query instead of `"header"`.
   */
  resume?: Resume | undefined;
  /**
   * Milliseconds from the request to `open`, after which the attempt fails with reason `timeout`. Default 0: no limit. Firefox and Safari open an
   * EventSource at the first byte of the body, so let the server send one at once.
   */
  connectTimeout?: number | undefined;
  /**
   * Milliseconds without any byte (over EventSource: without an event that it can see) after which
   * the connection is replaced, with reason `timeout`; detected up to a quarter later. With it the
   * default transport uses fetch from the start, since EventSource hides comments. Time in which the
   * page is frozen or its timers are throttled does not count. Default 0: off.
   */
  heartbeatTimeout?: number | undefined;
  /** Remember this many of the latest event ids, and drop an event whose id an earlier connection delivered already. Default 0: off. */
  dedupe?: number | undefined;
  /**
   * Milliseconds, or true for 60,000: a page that has been hidden that long lets go of its connection, and resumes when it is shown again. Default
   * false, as is 0: hidden pages stay connected.
   */
  pauseWhenHidden?: number | boolean | undefined;
  /** How events are fetched. Default: EventSource for the first connection, fetch for all after it, and what there is where one is missing. */
  transport?: Transport | undefined;
  /** Aborting it closes the source, as `close()` does. Already aborted: it never connects. Default none. */
  signal?: AbortSignal | undefined;
}

/** {@link BackoffOptions} with every default filled in. */
export type BackoffSettings = {
  [K in Exclude<keyof BackoffOptions, "retry">]-?: Exclude<BackoffOptions[K], undefined>;
} & Pick<BackoffOptions, "retry">;

/** What the parts of the library get: checked, and with every default filled in. */
export interface Settings {
  readonly withCredentials: boolean;
  readonly backoff: BackoffSettings;
  readonly minUptime: number;
  readonly lastEventId: string;
  readonly resume: Resume | undefined;
  readonly connectTimeout: number;
  readonly heartbeatTimeout: number;
  readonly dedupe: number;
  /** Milliseconds; 0: never. */
  readonly pauseWhenHidden: number;
  readonly transport: Transport | undefined;
  readonly signal: AbortSignal | undefined;
  readonly events: Readonly<Record<string, unknown>> | undefined;
}

/** The only place with defaults. */
export const defaults = {
  withCredentials: false,
  backoff: {
    startingDelay: 3000,
    timeMultiple: 2,
    maxDelay: 30_000,
    jitter: "full",
    numOfAttempts: Infinity,
    delayFirstAttempt: false,
  },
  minUptime: 5000,
  lastEventId: "",
  connectTimeout: 0,
  heartbeatTimeout: 0,
  dedupe: 0,
  pauseWhenHidden: false,
} as const satisfies ResilientEventSourceOptions;

/** What a value must be: in words, and as a test. */
type Rule = readonly [expected: string, isMet: (value: unknown) => boolean];
type Rules = Readonly<Record<string, Rule>>;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isString = (value: unknown): boolean => typeof value === "string";
/** The types count inherited members in, methods of a class or what `{ __proto__: decoder }` makes of itself; we look at its own members only. */
const isPlain = (value: unknown): boolean => {
  const prototype: unknown = isObject(value) && Object.getPrototypeOf(value);
  // Any realm's Object.prototype will do.
  return prototype === null || (isObject(prototype) && Object.getPrototypeOf(prototype) === null);
};
const isFunction = (value: unknown): boolean => typeof value === "function";
const numberFrom = (min: number, max: number): Rule => [
  `a number from ${min} to ${max}`,
  (value) => typeof value === "number" && value >= min && value <= max,
];
const milliseconds = numberFrom(0, LONGEST_DELAY);

const backoffRules: Rules = {
  startingDelay: milliseconds,
  timeMultiple: numberFrom(1, Number.MAX_VALUE),
  maxDelay: milliseconds,
  numOfAttempts: numberFrom(1, Infinity),
  jitter: ['"full" or "none"', (value) => value === "full" || value === "none"],
  retry: ["a function", isFunction],
};

const rules: Rules = {
  backoff: ["an object", isObject],
  minUptime: milliseconds,
  connectTimeout: milliseconds,
  heartbeatTimeout: milliseconds,
  pauseWhenHidden: [
    `true, false or ${milliseconds[0]}`,
    (value) => typeof value === "boolean" || milliseconds[1](value),
  ],
  dedupe: numberFrom(0, LONGEST_DELAY),
  lastEventId: [
    "a string without NUL, CR and LF",
    (value) => typeof value === "string" && !/[\0\r\n]/.test(value),
  ],
  resume: [
    '"header", { query } or a function',
    (value) =>
      value === "header" ||
      isFunction(value) ||
      (isObject(value) && "query" in value && [value.query].flat().every(isString)),
  ],
  transport: ["a transport, such as fetchTransport()", isFunction],
  signal: ["an AbortSignal", (value) => isObject(value) && "aborted" in value],
  events: ["a plain object of decoders", isPlain],
};

const decoder: Rule = [
  "a function or a Standard Schema",
  (value) => isFunction(value) || (isObject(value) && "~standard" in value),
];

const describe = (value: unknown): string => (isObject(value) ? "an object" : String(value));

/** @throws RangeError or TypeError that names the option and its value */
function check(name: string, value: unknown, [expected, isMet]: Rule): void {
  if (value === undefined || isMet(value)) return;
  const shown = typeof value === "string" ? JSON.stringify(value) : describe(value);
  throw new (typeof value === "number" ? RangeError : TypeError)(
    `${name} must be ${expected}, got ${shown}`,
  );
}

function checkAll(values: object, rules: Rules, prefix = ""): void {
  for (const [name, rule] of Object.entries(rules))
    check(prefix + name, (values as Record<string, unknown>)[name], rule);
}

/** The given members over the defaults, an `undefined` counting as not given. */
function fill<T extends object>(fallbacks: T, given: object): T {
  return {
    ...fallbacks,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

/** @throws RangeError or TypeError that names the option, unless its value is a time or undefined */
export function checkMilliseconds(name: string, value: unknown): void {
  check(name, value, milliseconds);
}

/**
 * Fills in the defaults and checks everything, once.
 *
 * @throws RangeError for a number out of range (NaN included), TypeError for a value of the wrong type; both name the option and the value.
 */
export function resolveOptions(
  given?: (ResilientEventSourceOptions & { events?: Decoders<object> | undefined }) | null,
): Settings {
  // As WebIDL reads a dictionary.
  const options = given ?? {};
  check("options", options, ["an object", isObject]);
  checkAll(options, rules);
  const { backoff = {}, events = {}, withCredentials, pauseWhenHidden } = options;
  checkAll(backoff, backoffRules, "backoff.");
  for (const [name, value] of Object.entries(events))
    check(`events.${name}`, value ?? null, decoder);
  return fill(defaults as unknown as Settings, {
    ...options,
    withCredentials: !!withCredentials,
    pauseWhenHidden: pauseWhenHidden === true ? 60_000 : Number(pauseWhenHidden ?? 0),
    backoff: fill<BackoffSettings>(defaults.backoff, backoff),
  });
}
