// @ts-check
/** @import { IncomingMessage, ServerResponse } from "node:http" */

/** The readers of the page, by the name in their URLs. */
const READERS = ["plain", "package", "ours"];
/** How many questions are remembered. */
const KEPT = 20;
/** The largest body of a question, in bytes. */
const LARGEST_BODY = 4096;
/** How often tokens are sent, in milliseconds; browsers' timers are no finer in practice. */
const BEAT = 20;
/** The Retry-After of a refusal, in seconds. */
const RETRY_AFTER = 2;

const sentences = [
  "An answer arrives word by word, over one response that stays open.",
  "The server works for every word, and the work is billed.",
  "A train enters a tunnel, a phone changes its network, a proxy is restarted.",
  "Then the response is cut, often in the middle of a sentence.",
  "A reader that asks again gets another answer, from its first word, and pays for both.",
  "A reader that does not ask again is left with half of it.",
  "A server that numbers its words and keeps them for a minute can do better.",
  "The reader asks for what comes after the last number that it has.",
];

/**
 * Answers as a language model gives them: tokens at a steady pace, then `[DONE]`.
 *
 * - `POST /ask/RUN/READER`: begins an answer, always from its first word. The body is
 *   `{ prompt, pace, refuse }`; with `refuse` the first request gets a 429.
 * - `GET /ask/RUN/READER`: continues it after Last-Event-ID
 * - `GET /ask/RUN`: how many requests each reader has made
 * - `POST /ask/RUN/cut`: cuts the answers that are under way
 */
export function createAnswers() {
  /** @type {Map<string, Map<string, Answer>>} */
  const runs = new Map();

  /** @param {string} run */
  function answersOf(run) {
    let answers = runs.get(run);
    if (!answers) {
      answers = new Map(READERS.map((reader) => [reader, new Answer()]));
      runs.set(run, answers);
      const [oldest = ""] = runs.keys();
      if (runs.size > KEPT) remove(oldest);
    }
    return answers;
  }

  /** @param {string} run */
  function remove(run) {
    for (const answer of runs.get(run)?.values() ?? []) answer.cut();
    runs.delete(run);
  }

  return {
    /**
     * @param {IncomingMessage} request
     * @param {ServerResponse} response
     * @param {string} pathname Begins with `/ask/`.
     */
    async answer(request, response, pathname) {
      const [, , run = "", reader = ""] = pathname.split("/");
      const isPost = request.method === "POST";
      if (!/^[\w-]{1,40}$/.test(run) || !(isPost || request.method === "GET")) {
        response.writeHead(isPost || request.method === "GET" ? 404 : 405).end();
        return;
      }
      const answers = answersOf(run);
      const answer = answers.get(reader);
      if (answer)
        await (isPost ? answer.begin(request, response) : answer.resume(request, response));
      else if (isPost && reader === "cut") {
        for (const each of answers.values()) each.cut();
        response.writeHead(204).end();
      } else if (!isPost && !reader) {
        const counts = [...answers].map(([name, { posts, gets }]) => [name, { posts, gets }]);
        response
          .writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" })
          .end(JSON.stringify(Object.fromEntries(counts)));
      } else response.writeHead(404).end();
    },

    /** Cuts every answer. */
    close() {
      for (const run of [...runs.keys()]) remove(run);
    },
  };
}

/** The answer to one reader, and the requests for it. */
class Answer {
  posts = 0;
  gets = 0;
  /** @type {string[]} */
  #tokens = [];
  #pace = 0;
  #begunAt = 0;
  /** @type {Set<ServerResponse>} */
  #responses = new Set();

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async begin(request, response) {
    this.posts++;
    const question = await readQuestion(request);
    if (!question) {
      response.writeHead(400, { "Content-Type": "text/plain; charset=utf-8" });
      response.end("A question is JSON: prompt, pace, refuse.\n");
      return;
    }
    if (question.refuse && this.posts === 1) {
      response
        .writeHead(429, { "Content-Type": "application/json", "Retry-After": RETRY_AFTER })
        .end(JSON.stringify({ error: { message: "Too many questions at once." } }));
      return;
    }
    this.#tokens = [`“${question.prompt}”`, ...Array(10).fill(sentences).flat()]
      .join(" ")
      .split(/(?<= )/);
    this.#pace = question.pace;
    this.#begunAt = Date.now();
    this.#stream(response, 0);
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  resume(request, response) {
    this.gets++;
    const after = Number(request.headers["last-event-id"]);
    if (this.#tokens.length === 0) response.writeHead(404).end();
    else this.#stream(response, after > 0 ? Math.min(Math.floor(after), this.#tokens.length) : 0);
  }

  cut() {
    for (const response of this.#responses) response.socket?.destroy();
  }

  /**
   * Sends the tokens after this many.
   *
   * @param {ServerResponse} response
   * @param {number} sent
   */
  #stream(response, sent) {
    response.writeHead(200, {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store, no-transform",
      "X-Accel-Buffering": "no",
    });
    // Firefox and Safari show the response at the first byte of the body.
    response.write(":\n\n");
    const tokens = this.#tokens;
    const clock = setInterval(() => {
      const due = Math.min(tokens.length, ((Date.now() - this.#begunAt) * this.#pace) / 1000);
      let text = "";
      while (sent < Math.floor(due)) {
        const data = JSON.stringify({ n: sent + 1, of: tokens.length, text: tokens[sent] });
        text += `id: ${++sent}\ndata: ${data}\n\n`;
      }
      if (text) response.write(text);
      if (sent === tokens.length) response.end("data: [DONE]\n\n");
    }, BEAT);
    this.#responses.add(response);
    response.once("close", () => {
      clearInterval(clock);
      this.#responses.delete(response);
    });
  }
}

/**
 * The question in a body; undefined if it is none.
 *
 * @param {IncomingMessage} request
 */
async function readQuestion(request) {
  let body = "";
  request.setEncoding("utf8");
  for await (const text of request) if ((body += text).length > LARGEST_BODY) return undefined;
  try {
    const { prompt, pace, refuse } = JSON.parse(body);
    if (typeof prompt !== "string" || !(pace >= 1 && pace <= 1000)) return undefined;
    return { prompt, pace: Number(pace), refuse: refuse === true };
  } catch {
    return undefined;
  }
}
