// @ts-check
/** @import { Track } from "./track.js" */

/**
 * A sentence about how a client copes with the last fault. `headline` says the same without the
 * figures that go on changing, so that it stays true.
 *
 * @param {Track} track
 * @param {number | undefined} behind How many events it has yet to get; undefined if that is not
 *   known.
 * @param {boolean} isFinal Whether the server asked it to stay away.
 * @returns {{ tone: "good" | "bad" | "busy", text: string, headline?: string }}
 */
export function verdict(track, behind, isFinal) {
  const { silentTime, status, trial } = track;
  const because = trial.reason ? `: ${trial.reason}` : ", and does not say why";
  const waiting = behind === undefined ? "" : `, ${count(behind, "event")} behind`;
  const silence = silentTime ? ` No event for ${seconds(silentTime)}${waiting}.` : "";
  if (status === "closed") {
    if (isFinal) return { tone: "good", text: `Stays away, as it was asked to${because}.` };
    const headline = `Gave up for good${because}.`;
    return { tone: "bad", text: headline + silence, headline };
  }
  if (status === "paused")
    return {
      tone: "busy",
      text: "Paused: the device is offline, so it only tries from time to time.",
    };
  if (status === "open" && track.isSilent) {
    const headline = "Believes that it is open, and gets no events.";
    return { tone: "bad", text: `Believes that it is open.${silence}`, headline };
  }
  if (!track.isBack) return { tone: "busy", text: `Tries again.${silence}` };
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
