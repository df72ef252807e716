import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { joinSockets, LAN_ADDRESS } from "./namespace-border.mjs";

/**
 * True if a browser can be started in a network namespace: as root, on Linux, with iproute2 and
 * util-linux.
 */
export function hasNamespaces(): boolean {
  const runs = (command: string, ...args: string[]): boolean =>
    spawnSync(command, args, { stdio: "ignore" }).status === 0;
  return runs("unshare", "--net", "ip", "link", "set", "lo", "up") && runs("nsenter", "--version");
}

/**
 * A network of loopback only, as on a machine that has lost its interface: the system is offline
 * in it, and says so to browsers. One server of this process can be reached.
 */
export class Namespace {
  /** The server's origins: by the name of the machine, and as another host. */
  readonly loopback: string;
  readonly lan: string;
  /** The server's origin outside. */
  target = "";

  private constructor(
    private readonly relay: ChildProcess,
    private readonly folder: string,
    port: number,
  ) {
    this.loopback = `http://127.0.0.1:${port}`;
    this.lan = `http://${LAN_ADDRESS}:${port}`;
  }

  static async open(): Promise<Namespace> {
    const folder = mkdtempSync(join(tmpdir(), "resilient-eventsource-"));
    const path = join(folder, "socket");
    const script = fileURLToPath(new URL("namespace-relay.mjs", import.meta.url));
    const relay = spawn("unshare", ["--net", process.execPath, script, path], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const [{ port }] = (await once(relay, "message")) as [{ port: number }];
    const namespace = new Namespace(relay, folder, port);
    const server = createServer({ allowHalfOpen: true }, (inner) => {
      const { hostname: host, port } = new URL(namespace.target);
      joinSockets(inner, connect({ host, port: Number(port), allowHalfOpen: true }));
    }).listen(path);
    relay.once("exit", () => server.close());
    await once(server, "listening");
    return namespace;
  }

  /** A program that runs another one in the namespace, with the same arguments. */
  wrap(program: string): string {
    const path = join(this.folder, "in-namespace");
    writeFileSync(path, `#!/bin/sh\nexec nsenter -t ${this.relay.pid!} -n -- '${program}' "$@"\n`);
    chmodSync(path, 0o700);
    return path;
  }

  /** Gives it an interface, or takes it away. */
  async setOnline(online: boolean): Promise<void> {
    this.relay.send({ online });
    await once(this.relay, "message");
  }

  async close(): Promise<void> {
    const gone = once(this.relay, "exit");
    this.relay.disconnect();
    await gone;
    rmSync(this.folder, { recursive: true });
  }
}
