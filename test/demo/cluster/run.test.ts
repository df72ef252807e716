import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../../support/package/dist.ts";
import { PATIENCE } from "../../support/patience.ts";

/** Everything that a run leaves behind would be in here. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-test-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Run {
  output(): string;
  /** Sends a signal, or only waits; resolves to the exit code when it has ended. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

function run(env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(root, "demo/cluster/run.mjs")], {
    env: { ...process.env, PORT: "0", TMPDIR: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => (output += String(text)));
  const ended = once(child, "close") as Promise<[number | null]>;
  return {
    output: () => output,
    async end(signal) {
      if (signal) child.kill(signal);
      const deadline = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
      const [code] = await ended;
      clearTimeout(deadline);
      return code;
    },
  };
}

/** The processes that run in the folder or have it as an argument. */
function processes(): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ||
        readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder)
      );
    } catch {
      // Not a process, or one that has just ended.
      return false;
    }
  });
}

test.each([
  ["SIGINT", 0],
  ["SIGTERM", 0],
  ["SIGHUP", 0],
  ["SIGKILL", null],
] as const)("after %s no process and no file is left", async (signal, expected) => {
  const { output, end } = run();
  await expect
    .poll(output)
    .toMatch(
      /^The page is at http:\/\/localhost:\d+\/ .*\nNode A streams at .*\nNode B streams at .*\n$/,
    );
  // Two nodes with a master and two workers each, Redis, and the guard.
  await expect.poll(processes).toHaveLength(8);
  expect(await end(signal)).toBe(expected);
  await expect.poll(processes).toEqual([]);
  await expect.poll(() => readdirSync(folder)).toEqual([]);
});

test("after SIGTERM while a node is down no process and no file is left", async () => {
  const { output, end } = run();
  await expect.poll(output).toContain("Node B");
  const [, stream] = /Node A streams at (.*)/.exec(output())!;
  // A listener makes its node the one to be killed. It ends when that has happened.
  const response = await fetch(stream!, { headers: { Accept: "text/event-stream" } });
  await response.text().catch(() => "cut");
  expect(await end("SIGTERM")).toBe(0);
  await expect.poll(processes).toEqual([]);
  await expect.poll(() => readdirSync(folder)).toEqual([]);
  expect(output()).not.toContain("Error");
});

test("says what to install, and ends with code 1", async () => {
  // An nginx without nchan, and no Redis.
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "nginx"),
    `#!/bin/sh\necho "configure arguments: --modules-path=${folder}/none" >&2\n`,
    { mode: 0o755 },
  );
  const { output, end } = run({ PATH: bin });
  expect(await end()).toBe(1);
  expect(output()).toBe(
    "The cluster needs libnginx-mod-nchan, redis-server. On Debian and Ubuntu: apt-get install libnginx-mod-nchan redis-server\n",
  );
  expect(readdirSync(folder)).toEqual(["bin"]);
});

test("says that its port is in use, and ends with code 1", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { output, end } = run({ PORT: String(port) });
  expect(await end()).toBe(1);
  expect(output()).toBe(
    `Port ${port} is in use. Choose another one, for example: PORT=${port + 1} npm run demo:cluster\n`,
  );
  server.close();
});

test("says what PORT must be, and ends with code 1", async () => {
  const { output, end } = run({ PORT: "http" });
  expect(await end()).toBe(1);
  expect(output()).toBe('PORT must be a number from 0 to 65535, got "http".\n');
});
