import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { reset } from "./reset.ts";

let server: Server;
let client: Socket;
let socket: Socket;

beforeEach(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined);
  await once(client, "connect");
  [socket] = await accepted;
});
afterEach(() => {
  client.destroy();
  socket.destroy();
  server.close();
});

const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** The history of a connection before it is reset. */
const states: Record<string, () => unknown> = {
  "is open": () => undefined,
  "has data to send": () => socket.write(Buffer.alloc(10_000_000)),
  "has just been told to end": () => socket.end(),
  "is sending its FIN": async () => {
    socket.end();
    await turn();
  },
  "answers the FIN of its client": async () => {
    socket.resume();
    client.end();
    await once(socket, "end");
    await turn();
  },
  "has data to send before its FIN": () => socket.end(Buffer.alloc(10_000_000)),
  "has sent its FIN": async () => {
    socket.end();
    await once(socket, "finish");
  },
  "has sent its FIN a while ago": async () => {
    socket.end();
    await once(socket, "finish");
    await setImmediate();
  },
  "has been reset already": () => reset(socket),
  "is closed": async () => {
    socket.destroy();
    await once(socket, "close");
  },
};

test.each(Object.entries(states))("a connection that %s ends", async (_, prepare) => {
  const errors: unknown[] = [];
  socket.on("error", (error) => errors.push(error));
  let closed = 0;
  socket.once("close", () => closed++);
  const gone = new Promise((resolve) => client.resume().once("close", resolve));
  await prepare();
  reset(socket);
  await gone;
  await expect.poll(() => closed).toBe(1);
  expect(errors).toEqual([]);
});

test("a FaultServer counts no connection that was reset after its end", async () => {
  const faults = await FaultServer.start();
  const accepted = faults.accept("/stream");
  const answered = fetch(`${faults.origin}/stream`)
    .then((response) => response.text())
    .catch(() => undefined);
  const { connection } = await accepted;
  connection.head().cut();
  await turn();
  connection.reset();
  await connection.closed;
  expect(faults.live()).toBe(0);
  faults.close();
  await answered;
});
