// Options written for exponential-backoff's `backOff` are accepted here.
import {
  ResilientEventSource,
  type BackoffOptions,
  type ResilientEventSourceOptions,
} from "resilient-eventsource";

/** As in exponential-backoff 3.1.3, dist/options.d.ts. */
interface IBackOffOptions {
  delayFirstAttempt: boolean;
  jitter: "none" | "full";
  maxDelay: number;
  numOfAttempts: number;
  retry: (e: any, attemptNumber: number) => boolean | Promise<boolean>;
  startingDelay: number;
  timeMultiple: number;
}

declare const theirs: IBackOffOptions;
declare const partial: Partial<IBackOffOptions>;

export const ours: BackoffOptions = theirs;
export const ourPart: BackoffOptions = partial;
new ResilientEventSource("/stream", { backoff: theirs });
export const option: ResilientEventSourceOptions["backoff"] = partial;

// Every name of ours is one of theirs, and the other way round.
export const names: Record<keyof IBackOffOptions, true> = {} as Record<keyof BackoffOptions, true>;
export const sameNames: Record<keyof BackoffOptions, true> = {} as Record<
  keyof IBackOffOptions,
  true
>;
