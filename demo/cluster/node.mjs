// @ts-check
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a node may take to start, and to answer (ms). */
const PATIENCE = 10_000;

/**
 * One nginx with nchan.
 *
 * @param {object} options
 * @param {string} options.name
 * @param {number} options.port Where pages listen.
 * @param {number} options.publishPort Where events are published.
 * @param {string} options.log The file with nginx's error log, in case it does not start.
 * @param {() => { readonly running: boolean, kill(): Promise<void> }} options.start Starts the
 *   process.
 */
export function createNode({ name, port, publishPort, log, start }) {
  /** @type {ReturnType<typeof start> | undefined} */
  let nginx;
  let up = false;

  /** nchan's report on itself: its name for a number → the number. */
  async function status() {
    const { text } = await ask("GET", "/status");
    return new Map(
      [...text.matchAll(/^(.+): (\d+)/gm)].map(([, key = "", value]) => [key, Number(value)]),
    );
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ headers?: Record<string, string>, body?: string }} [content]
   * @returns {Promise<{ status: number | undefined, text: string }>}
   */
  function ask(method, path, { headers = {}, body = "" } = {}) {
    return new Promise((resolve, reject) => {
      // A new connection for each request: on a kept one, a node that died long ago would look like
      // one that dies now.
      const options = {
        host: "127.0.0.1",
        port: publishPort,
        method,
        path,
        headers,
        agent: false,
        signal: AbortSignal.timeout(PATIENCE),
      };
      const asked = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode, text }));
        response.on("error", reject);
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }

  async function isReady() {
    try {
      // One connection for each worker.
      return ((await status()).get("redis connected servers") ?? 0) >= 2;
    } catch {
      return false;
    }
  }

  return {
    name,
    url: `http://127.0.0.1:${port}/stream`,

    get up() {
      return up;
    },

    /** Resolves when it accepts events. */
    async start() {
      nginx = start();
      const deadline = Date.now() + PATIENCE;
      while (!(await isReady())) {
        if (!nginx.running || Date.now() > deadline) {
          throw new Error(
            `Node ${name} does not start: ${(await readFile(log, "utf8").catch(() => "")).trim()}`,
          );
        }
        await sleep(25);
      }
      up = true;
    },

    /** As `kill -9` of its master and its workers. */
    async kill() {
      up = false;
      await nginx?.kill();
    },

    /** How many pages read the stream from this node. */
    async subscribers() {
      return up ? ((await status().catch(() => undefined))?.get("subscribers") ?? 0) : 0;
    },

    /**
     * Publishes an event and returns the result. `refused`: it was not sent. `unanswered`: the node
     * died during the request, so the event may have been published or not.
     *
     * @param {string} type
     * @param {string} data
     * @returns {Promise<"acknowledged" | "refused" | "unanswered">}
     */
    async publish(type, data) {
      try {
        const { status } = await ask("POST", "/publish", {
          headers: { "X-EventSource-Event": type },
          body: data,
        });
        // 201 if a page listens at this moment, 202 if none does.
        return status === 201 || status === 202 ? "acknowledged" : "unanswered";
      } catch (error) {
        return error instanceof Error && "code" in error && error.code === "ECONNREFUSED"
          ? "refused"
          : "unanswered";
      }
    },
  };
}

/** @typedef {ReturnType<typeof createNode>} Node */
