import type { History } from "./history.ts";
import type { Answer } from "./messages.ts";
import type { RelayedEvent } from "./relayed.ts";

/** The way in which a follower joins the leader's sequence of events. */
export type Reconciliation =
  /**
   * Deliver what the leader relays from now on, except for the `repeats`: ids that this follower
   * has already.
   */
  | { readonly action: "continue"; readonly repeats: readonly string[] }
  /** Start at the leader's id, like a new connection: there is nothing to resume from. */
  | { readonly action: "start" }
  /** Ask the leader which events are missing. */
  | { readonly action: "ask" }
  /** Deliver these events first. */
  | { readonly action: "replay"; readonly missed: readonly RelayedEvent[] }
  /** Ask the server for the missing events: the leader no longer has them. */
  | { readonly action: "catchUp" };

/**
 * Compares what a follower has with what its leader has.
 *
 * @param history The follower's history.
 * @param leaderId The leader's last event ID; "" if it has none.
 * @param answer The leader's answer to this follower's latest hello, if there is one.
 */
export function reconcile(
  history: History,
  leaderId: string,
  answer: Answer | undefined,
): Reconciliation {
  const { lastEventId } = history;
  if (lastEventId === leaderId) return { action: "continue", repeats: [] };
  if (!lastEventId) return { action: "start" };
  // An answer may refer to an older hello: events of the previous leader may have arrived since.
  if (answer?.after !== lastEventId) return { action: "ask" };
  if (answer.missed) return { action: "replay", missed: answer.missed };
  // The leader does not know our id. It is behind us if we know its id; but if it has none, it did
  // not resume, and the server will not repeat anything.
  const ahead = leaderId ? history.after(leaderId) : undefined;
  return ahead
    ? { action: "continue", repeats: ahead.map((event) => event.lastEventId) }
    : { action: "catchUp" };
}
