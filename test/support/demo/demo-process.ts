import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../package/dist.ts";
import { PATIENCE } from "../patience.ts";

/** A server in a process of its own, which can be killed. */
export interface ServerProcess {
  /** Kills the process, as a crash does, and waits for that. */
  kill(): Promise<void>;
}

/** A program's output, and how it ended. */
export interface Ended {
  code: number | null;
  output: string;
}

function run(args: string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Starts Node with these arguments and waits until it listens on the port. */
export async function startServer(port: number, args: string[]): Promise<ServerProcess> {
  const child = run(args, { PORT: String(port) });
  let errors = "";
  child.stderr?.on("data", (text: Buffer) => (errors += String(text)));
  const deadline = performance.now() + PATIENCE;
  while (!(await listens(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`the server did not start: ${errors}`);
    }
    await sleep(25);
  }
  return {
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/**
 * Runs the demo's server with this environment to its end; calls `started` with its first output.
 */
export async function runDemo(
  env: Record<string, string>,
  started?: (child: ChildProcess, output: string) => void,
): Promise<Ended> {
  const child = run(["demo/server.mjs"], env);
  let output = "";
  const hear = (text: Buffer): void => {
    const first = output === "";
    output += String(text);
    if (first) started?.(child, output);
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  const deadline = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(deadline);
  return { code, output };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}
