// @ts-check
import { fetchEventSource } from "@microsoft/fetch-event-source";
import { EventSourceParserStream } from "eventsource-parser/stream";
import {
  ConnectionError,
  fetchTransport,
  iterate,
  ResilientEventSource,
} from "resilient-eventsource";

/** A word of an answer: its number, from 1, and of how many. @typedef {{ n: number, of: number, text: string }} Token */

/**
 * @typedef {object} Question
 * @property {string} url
 * @property {{ method: "POST", headers: Record<string, string>, body: string }} init
 * @property {boolean} resumes Whether the server can continue an answer.
 * @property {AbortSignal} signal
 * @property {(token: Token) => void} hear Called with each token.
 * @property {(text: string) => void} wait Called when a retry is announced.
 */

/** @param {string} data @returns {Token | null} null: the end. */
const decode = (data) => (data === "[DONE]" ? null : JSON.parse(data));

/**
 * The readers: each resolves at the end of its answer, and rejects with the reason if there is
 * none.
 *
 * @type {Record<string, (question: Question) => Promise<void>>}
 */
export const readers = {
  async plain({ url, init, signal, hear }) {
    const response = await fetch(url, { ...init, signal });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const events = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    for (;;) {
      const { done, value } = await events.read();
      const token = done ? null : decode(value.data);
      if (!token) return;
      hear(token);
    }
  },

  package: ({ url, init, signal, hear }) =>
    fetchEventSource(url, {
      ...init,
      signal,
      openWhenHidden: true,
      onmessage({ data }) {
        // Comments arrive as messages without data.
        const token = data && decode(data);
        if (token) hear(token);
      },
    }),

  async ours({ url, init, resumes, signal, hear, wait }) {
    const source = new ResilientEventSource(url, {
      // As a function it says what each attempt sends: a POST, then GETs after the last id.
      transport: fetchTransport(resumes ? ({ lastEventId }) => (lastEventId ? {} : init) : init),
      events: { message: decode },
      backoff: { startingDelay: 500 },
      signal,
    });
    source.addEventListener("error", (event) => {
      if (event.readyState === ResilientEventSource.CONNECTING)
        wait(`${explain(event.error)}; again in ${(event.delay / 1000).toFixed(1)} s`);
    });
    try {
      for await (const token of iterate(source, "message")) {
        if (!token) return;
        hear(token);
      }
      if (!signal.aborted) throw new Error("the answer is incomplete");
    } finally {
      source.close();
    }
  },
};

/**
 * The text to show for an error.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof ConnectionError)) return String(error);
  try {
    return `${error.message}, “${JSON.parse(error.body ?? "").error.message}”`;
  } catch {
    return error.message;
  }
}
