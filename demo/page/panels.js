// @ts-check
import { facts, find, setText } from "./dom.js";
import { seconds } from "./verdict.js";

/** @import { ConnectionState } from "../../src/index.ts" */
/** @import { Track } from "./track.js" */

/**
 * Shows the state of a client.
 *
 * @param {"native" | "resilient"} name
 * @param {Track} track
 * @param {(track: Track) => { label: string, detail: string }} describe
 */
export function createPanel(name, track, describe) {
  const status = find(`[data-part=status][data-of=${name}]`);
  const strip = find(`[data-strip=${name}]`);
  const detail = find(`[data-part=detail][data-of=${name}]`);
  const fields = facts(find(`[data-facts=${name}]`), {
    received: "Received",
    behind: "Behind",
    lost: "Lost",
    repeated: "Twice",
    reason: "Last failure",
  });

  return {
    /** @param {number | undefined} behind Undefined if it is not known. */
    show(behind) {
      const text = describe(track);
      status.dataset.status = track.status;
      status.toggleAttribute("data-stopped", text.label === "Stopped");
      status.toggleAttribute("data-silent", track.status === "open" && track.isSilent);
      setText(status, text.label);
      setText(detail, text.detail);
      for (const attribute of ["data-status", "data-stopped", "data-silent"]) {
        const value = status.getAttribute(attribute);
        if (value === null) strip.removeAttribute(attribute);
        else strip.setAttribute(attribute, value);
      }
      setText(strip, text.label);
      setText(fields.received, track.received.toLocaleString("en"));
      setText(fields.behind, behind?.toLocaleString("en") ?? "?");
      fields.behind.toggleAttribute("data-bad", (behind ?? 0) > 8);
      setText(fields.lost, track.lost.toLocaleString("en"));
      fields.lost.toggleAttribute("data-bad", track.lost > 0);
      setText(fields.repeated, track.repeated.toLocaleString("en"));
      setText(
        fields.reason,
        track.failures.length ? track.reason || "an error event, without a reason" : "none",
      );
    },
  };
}

/**
 * Everything that EventSource reveals.
 *
 * @param {Track} track
 */
export function describeNative(track) {
  switch (track.status) {
    case "open":
      return track.isSilent
        ? { label: "Open, but silent", detail: "It waits on a dead connection, and always will" }
        : { label: "Open", detail: "readyState 1, which is all it says" };
    case "closed":
      return { label: "Gave up", detail: "readyState 2: only a reload of the page helps" };
    default:
      return {
        label: track.received ? "Reconnecting" : "Connecting",
        detail: "readyState 0: it does not say when or why",
      };
  }
}

/**
 * Everything that `state` reveals.
 *
 * @param {ConnectionState} state
 */
export function describeState(state) {
  switch (state.status) {
    case "open":
      return {
        label: "Open",
        detail: `Since ${new Date(state.openedAt).toLocaleTimeString("en-GB")}`,
      };
    case "connecting":
      return {
        label: "Connecting",
        detail: state.attempt ? `Attempt ${state.attempt + 1}` : "The first attempt",
      };
    case "waiting":
      return {
        label: "Waiting",
        detail: `Attempt ${state.attempt + 1} in ${seconds(Math.max(0, state.retryAt - Date.now()))}`,
      };
    case "paused":
      return {
        label: "Paused",
        detail:
          state.reason === "offline"
            ? "Offline: it tries from time to time, quietly"
            : "This page is asleep",
      };
    case "closed":
      if (!state.error)
        return {
          label: "Stopped",
          detail: "The server asked it to; reconnect() resumes where it was",
        };
      return { label: "Gave up", detail: "It says why, and reconnect() resumes where it was" };
  }
}
