// @ts-check
import { showHeader } from "./header.js";

/** @import { ConnectionState, ResilientEventSource } from "../src/index.ts" */

const pauses = {
  offline: "This device is offline",
  frozen: "The browser has put this page to sleep",
  hidden: "This page has been hidden for long",
};

/**
 * The contents of the page. Only the state is a live region: a screen reader that reads out every
 * message and every tenth of a second helps nobody.
 */
const panel = `
  <section class="card state" aria-labelledby="state-title">
    <h2 id="state-title" class="small">Connection</h2>
    <p id="state" class="badge" role="status" data-status="connecting"></p>
    <p id="countdown" class="countdown" role="timer"></p>
    <div class="track" aria-hidden="true"><div id="bar"></div></div>
    <dl class="facts">
      <div><dt>Attempt</dt><dd id="attempt"></dd></div>
      <div><dt>Last event id</dt><dd id="last-id">none</dd></div>
      <div class="wide"><dt>Last failure</dt><dd id="failure">none</dd></div>
    </dl>
    <div class="buttons" role="group" aria-label="This page">
      <button type="button" id="reconnect">Reconnect now</button>
      <button type="button" id="close">Close</button>
    </div>
    <h2 class="small">Server</h2>
    <div class="buttons" role="group" aria-label="The server">
      <button type="button" id="stop" class="danger">Stop the stream</button>
      <button type="button" id="start">Start the stream</button>
    </div>
  </section>
  <section class="card events" aria-labelledby="events-title">
    <h2 id="events-title" class="small">Events</h2>
    <dl class="facts counts">
      <div><dt>Received</dt><dd id="received">0</dd></div>
      <div><dt>Lost</dt><dd id="lost">0</dd></div>
      <div><dt>Twice</dt><dd id="repeated">0</dd></div>
    </dl>
    <ol id="log" class="log" tabindex="0" aria-label="Events, newest first"></ol>
  </section>`;

/**
 * Fills the page and connects.
 *
 * @param {typeof ResilientEventSource} Source The class, however it was loaded.
 */
export function start(Source) {
  showHeader(element("top"));
  element("demo").innerHTML = panel;
  const log = eventLog(element("log"), 1000);
  const view = stateView();
  const count = counter();
  const reconnect = button("reconnect");
  const close = button("close");

  /** @param {string} [lastEventId] */
  function connect(lastEventId) {
    const source = new Source("stream", {
      lastEventId,
      events: { connecttime: (text) => new Date(text) },
    });
    let openings = 0;

    function showState() {
      const { state } = source;
      const closed = state.status === "closed";
      view.show(state);
      // close() is final; after giving up, reconnect() starts again.
      reconnect.disabled = closed && !state.error;
      close.textContent = closed ? "Connect again" : "Close";
    }

    source.addEventListener("statechange", showState);
    source.addEventListener("open", ({ status }) => {
      // EventSource hides the status: if there is one, the connection was made by fetch.
      log.add(
        "open",
        `${openings++ ? "Connected again" : "Connected"}${status ? `, HTTP ${status}` : " by EventSource"}`,
      );
    });
    source.addEventListener("error", (event) => {
      view.showFailure(`${event.error.message} (${event.error.reason})`);
      log.add(
        "error",
        `${capitalise(event.error.message)}. ${event.readyState ? "Gave up." : `Retry ${event.attempt} in ${seconds(event.delay)}.`}`,
      );
    });
    source.on("connecttime", (date) =>
      log.add("connecttime", `The server says: connected at ${date.toLocaleTimeString()}`),
    );
    source.on("message", (data, { lastEventId }) => {
      view.showId(lastEventId);
      count(lastEventId);
      log.add(data.startsWith("{") ? "heartbeat" : "message", data, lastEventId);
    });

    reconnect.onclick = () => source.reconnect();
    close.onclick = () => {
      if (source.state.status === "closed") {
        connect(source.lastEventId);
        return;
      }
      // close() dispatches no event, so the page updates itself.
      source.close();
      showState();
      log.add("closed", "You close the connection");
    };
    showState();
  }

  button("stop").onclick = () => control("stop", "You stop the stream");
  button("start").onclick = () => control("start", "You start the stream");

  /**
   * @param {"stop" | "start"} command
   * @param {string} text
   */
  async function control(command, text) {
    log.add("control", text);
    try {
      const { ok, status } = await fetch(`control/${command}`, { method: "POST" });
      if (!ok) log.add("error", `The server refuses: HTTP ${status}`);
    } catch {
      log.add("error", "The server does not answer: it is not running");
    }
  }

  connect();
}

/** Shows the state of the connection. */
function stateView() {
  const badge = element("state");
  const attempt = element("attempt");
  const countdown = countdownView(element("countdown"), element("bar"));

  return {
    /** @param {ConnectionState} state */
    show(state) {
      const { label, detail } = describe(state);
      badge.dataset.status = state.status;
      badge.toggleAttribute("data-gave-up", state.status === "closed" && !!state.error);
      badge.textContent = label;
      document.title = `${label} · resilient-eventsource`;
      attempt.textContent =
        "attempt" in state && state.attempt
          ? `retry ${state.attempt}`
          : state.status === "connecting"
            ? "first"
            : "–";
      if (state.status === "waiting") countdown.run(state.retryAt, state.delay);
      else countdown.end(detail);
    },
    /** @param {string} text */
    showFailure(text) {
      element("failure").textContent = `${text}, ${new Date().toLocaleTimeString()}`;
    },
    /** @param {string} id */
    showId(id) {
      element("last-id").textContent = id || "none";
    },
  };
}

/**
 * A state in words.
 *
 * @param {ConnectionState} state
 * @returns {{ label: string, detail: string }}
 */
function describe(state) {
  switch (state.status) {
    case "connecting":
      return {
        label: "Connecting",
        detail: state.attempt ? "Asking the server again" : "Asking the server",
      };
    case "open":
      return { label: "Open", detail: `Since ${new Date(state.openedAt).toLocaleTimeString()}` };
    case "waiting":
      return { label: "Waiting", detail: "" };
    case "paused":
      return { label: "Paused", detail: pauses[state.reason] };
    case "closed":
      return state.error
        ? { label: "Given up", detail: capitalise(state.error.message) }
        : { label: "Closed", detail: "For good" };
  }
}

/**
 * Counts down to the next attempt. It draws in animation frames, so a hidden page draws nothing.
 *
 * @param {HTMLElement} text
 * @param {HTMLElement} bar
 */
function countdownView(text, bar) {
  let frame = 0;

  /** @param {string} detail */
  function end(detail) {
    cancelAnimationFrame(frame);
    text.textContent = detail;
    bar.style.width = "0";
  }

  /**
   * @param {number} until Milliseconds since the epoch.
   * @param {number} delay The whole wait, in milliseconds.
   */
  function run(until, delay) {
    cancelAnimationFrame(frame);
    const left = Math.max(0, until - Date.now());
    const shown = `Next attempt in ${seconds(left)}`;
    if (text.textContent !== shown) text.textContent = shown;
    bar.style.width = `${(100 * left) / delay}%`;
    if (left) frame = requestAnimationFrame(() => run(until, delay));
  }

  return { run, end };
}

/**
 * A list of events, newest first. It drops the oldest lines, since the page may stay open for days.
 *
 * @param {HTMLElement} list
 * @param {number} limit
 */
function eventLog(list, limit) {
  return {
    /**
     * @param {string} type
     * @param {string} text
     * @param {string} [id]
     */
    add(type, text, id) {
      const line = document.createElement("li");
      line.dataset.type = type;
      if (id) line.dataset.id = id;
      const label = document.createElement("span");
      label.textContent = id ? `#${id}` : new Date().toLocaleTimeString();
      line.append(label, " ", text);
      list.prepend(line);
      if (list.children.length > limit) list.lastElementChild?.remove();
    },
  };
}

/**
 * Counts messages. The server numbers them without a gap, so the ids show if any was lost or came
 * twice.
 */
function counter() {
  let received = 0;
  let lost = 0;
  let repeated = 0;
  let newest = 0;

  /** @param {string} id */
  return (id) => {
    const number = Number(id);
    received++;
    if (number <= newest) repeated++;
    else if (newest) lost += number - newest - 1;
    newest = Math.max(newest, number);
    element("received").textContent = String(received);
    element("lost").textContent = String(lost);
    element("repeated").textContent = String(repeated);
  };
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** @param {string} text */
function capitalise(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id));
}
