// @ts-check
/** How long a fault lasts, in seconds; `?seconds=30` in the page's address changes it. */
const SECONDS = Number(new URLSearchParams(location.search).get("seconds")) || 10;
/** How long both clients have to come back before the next fault, in milliseconds. */
const PATIENCE = 6000;

/**
 * The faults. `control` is the command for the server; `word` is the chart's word for it; `lasts`:
 * it lasts for some seconds, rather than happening once.
 *
 * @typedef {{ label: string, control: string, word: string, lasts: boolean, news: string, over?:
 *   string, offline?: boolean }} Fault
 * @type {Record<string, Fault>}
 */
export const faults = {
  stop: {
    label: `Stop it for ${SECONDS} s`,
    control: "stop",
    word: "stopped",
    lasts: true,
    over: "The server is back. A single client comes back in any case; the storm below shows a thousand.",
    news: `The server is stopped for ${SECONDS} seconds. Nothing answers.`,
  },
  unavailable: {
    label: "Answer 503",
    control: "unavailable",
    word: "503",
    lasts: true,
    news: `For ${SECONDS} seconds the server answers 503 with Retry-After: 3, as proxies do in a deploy.`,
  },
  stall: {
    label: "Stall",
    control: "stall",
    word: "stalls",
    lasts: false,
    news: "The connections are dead without a sign, as if a router had forgotten them. New ones work.",
  },
  expire: {
    label: "Expire the token",
    control: "expire",
    word: "401",
    lasts: false,
    news: "The token is no longer valid: the server answers 401.",
  },
  cut: {
    label: "Cut every second",
    control: "cut",
    word: "cuts every second",
    lasts: true,
    news: `For ${SECONDS} seconds every connection is cut once a second.`,
  },
  offline: {
    label: "Go offline",
    control: "stop",
    word: "out of reach",
    lasts: true,
    offline: true,
    news: `A page cannot switch off your network, so for ${SECONDS} seconds it gets an “offline” event and the server refuses both clients.`,
    over: "The page gets an “online” event, and the server answers again.",
  },
  gone: {
    label: "Answer 204",
    control: "gone",
    word: "204",
    lasts: true,
    news: `For ${SECONDS} seconds the server answers 204, which means: do not come back.`,
  },
};

/**
 * Begins faults, one at a time: each press ends the current fault and waits until both clients are
 * connected, so that both meet the same fault.
 *
 * @param {object} host
 * @param {() => void} host.pressed
 * @param {() => boolean} host.recover Reconnects the clients, and returns whether they are
 *   connected.
 * @param {(name: string, fault: Fault) => void} host.begun
 * @param {(fault: Fault) => void} host.ended
 * @param {(text: string) => void} host.say
 */
export function createBreaker({ pressed, recover, begun, ended, say }) {
  /** The latest press. An earlier one that finds another here stops. */
  let latest = 0;
  /** @type {(() => void) | undefined} */
  let finish;

  return {
    /** @param {string} name */
    async press(name) {
      const fault = faults[name];
      if (!fault) return;
      const press = ++latest;
      finish?.();
      pressed();
      if (!(await tell("start")) || press !== latest) return;
      const patience = Date.now() + PATIENCE;
      if (!recover()) say("One moment: first both clients connect again.");
      while (!recover() && Date.now() < patience) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (press !== latest) return;
      }
      if (
        !(await tell(fault.lasts ? `${fault.control}?seconds=${SECONDS}` : fault.control)) ||
        press !== latest
      )
        return;
      if (fault.offline) dispatchEvent(new Event("offline"));
      begun(name, fault);
      if (!fault.lasts) return;
      const timer = setTimeout(() => finish?.(), SECONDS * 1000);
      finish = () => {
        clearTimeout(timer);
        finish = undefined;
        if (fault.offline) dispatchEvent(new Event("online"));
        ended(fault);
      };
    },
  };

  /**
   * Sends a command to the server; returns whether the server obeyed.
   *
   * @param {string} command
   */
  async function tell(command) {
    try {
      const { ok, status } = await fetch(`control/${command}`, { method: "POST" });
      if (!ok) say(`The server refuses: HTTP ${status}.`);
      return ok;
    } catch {
      say("The demo’s own server does not answer: is it still running?");
      return false;
    }
  }
}
