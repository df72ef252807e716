// @ts-check
/** @import { Track } from "./track.js" */

/**
 * A sentence about how a client copes with the last fault.
 *
 * @param {Track} track
 * @param {number | undefined} behind How many events it has yet to get; undefined if that is not
 *   known.
 * @param {boolean} isFinal Whether the server asked it to stay away.
 * @returns {{ tone: "good" | "bad" | "busy", text: string }}
 */
export function verdict(track, behind, isFinal) {
  const { silentTime, status, trial } = track;
  const because = trial.reason ? `: ${trial.reason}` : ", and does not say why";
  const waiting = behind === undefined ? "" : `, ${count(behind, "event")} behind`;
  if (status === "closed") {
    if (isFinal) return { tone: "good", text: `Stays away, as it was asked to${because}.` };
    return {
      tone: "bad",
      text: `Gave up for good${because}. No event for ${seconds(silentTime)}${waiting}.`,
    };
  }
  if (status === "paused")
    return { tone: "busy", text: "Paused: the device is offline, so it tries now and then." };
  if (status === "open" && track.isSilent) {
    return {
      tone: "bad",
      text: `Believes that it is open. No event for ${seconds(silentTime)}${waiting}.`,
    };
  }
  if (!track.isBack)
    return { tone: "busy", text: `Tries again. No event for ${seconds(silentTime)}.` };
  if (!silentTime && !trial.failures) return { tone: "busy", text: "Has not noticed yet." };
  const cause = trial.reason ? ` (${trial.reason})` : "";
  const back = `${silentTime ? `Back after ${seconds(silentTime)}` : "Back at once"}${cause}. `;
  if (trial.lost) return { tone: "bad", text: `${back}${count(trial.lost, "event")} lost.` };
  if (trial.repeated) return { tone: "bad", text: `${back}Nothing lost, ${trial.repeated} twice.` };
  return { tone: "good", text: `${back}Nothing lost, nothing twice.` };
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
