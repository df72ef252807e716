// @ts-check
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNode } from "./node.mjs";
import { freePorts } from "./ports.mjs";
import { createProcesses } from "./processes.mjs";
import { findPrograms } from "./programs.mjs";

/**
 * Two nodes (nginx with nchan) that share one Redis, all on loopback and in a temporary folder,
 * separate from any nginx and Redis of this machine.
 *
 * @param {object} options
 * @param {readonly string[]} options.origins The origins of the pages that may read the stream.
 * @param {number} [options.firstPort] Where the search for free ports begins.
 * @param {number} [options.kept] How many events are kept for clients that come back.
 * @throws {import("./programs.mjs").MissingPrograms}
 */
export async function startCluster({ origins, firstPort = 8081, kept = 10_000 }) {
  const programs = findPrograms();
  const [portA = 0, portB = 0, publishPortA = 0, publishPortB = 0, redisPort = 0] = await freePorts(
    5,
    firstPort,
  );
  const processes = await createProcesses();
  const { folder } = processes;

  /**
   * Writes a configuration file into the folder, from a template in this folder.
   *
   * @param {string} template
   * @param {string} file
   * @param {Record<string, string | number>} values
   */
  async function configure(template, file, values) {
    const text = await readFile(new URL(template, import.meta.url), "utf8");
    const path = join(folder, file);
    await writeFile(
      path,
      text.replace(/\{\{(\w+)\}\}/g, (_, name) => String(values[name])),
    );
    return path;
  }

  /** @type {(name: string, port: number, publishPort: number) => Promise<ReturnType<typeof createNode>>} */
  async function configureNode(name, port, publishPort) {
    const values = {
      name,
      folder,
      port,
      publishPort,
      redisPort,
      kept,
      nchan: programs.nchan,
      origins: origins.join(" "),
    };
    const conf = await configure("nginx.conf", `${name}.conf`, values);
    const log = join(folder, `${name}.log`);
    return createNode({
      name,
      port,
      publishPort,
      log,
      start: () => processes.start(programs.nginx, ["-e", log, "-c", conf]),
    });
  }

  try {
    processes.start(programs.redis, [
      await configure("redis.conf", "redis.conf", { folder, redisPort }),
    ]);
    const nodes = await Promise.all([
      configureNode("A", portA, publishPortA),
      configureNode("B", portB, publishPortB),
    ]);
    await Promise.all(nodes.map((node) => node.start()));
    return {
      folder,
      nodes,

      /**
       * The node that serves the stream, to most pages if there are several; undefined if no page
       * listens.
       */
      async leader() {
        const counts = await Promise.all(
          nodes.map(async (node) => ({ node, subscribers: await node.subscribers() })),
        );
        const [most] = counts.sort((a, b) => b.subscribers - a.subscribers);
        return most?.subscribers ? most.node : undefined;
      },

      close: () => processes.close(),
    };
  } catch (error) {
    await processes.close();
    throw error;
  }
}

/** @typedef {Awaited<ReturnType<typeof startCluster>>} Cluster */
