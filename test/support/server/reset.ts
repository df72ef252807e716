import type { Socket } from "node:net";

/**
 * Ends a connection with an RST. Where its own FIN is on its way already, libuv refuses to reset
 * it (EINVAL), and Node 20 then never emits `close`: such a connection is only destroyed.
 */
export function reset(socket: Socket): void {
  const { writableEnded, writableFinished, writableLength } = socket;
  if (writableEnded && !writableFinished && writableLength === 0) socket.destroy();
  else socket.resetAndDestroy();
}

const expected = ["ECONNRESET", "EPIPE"];

/** A peer that cuts its connection is not an error of the server: `close` tells. Others throw. */
export function expectResets(socket: Socket): void {
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (!expected.includes(error.code ?? "")) throw error;
  });
}
