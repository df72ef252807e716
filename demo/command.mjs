// @ts-check
// The common part of the demo's commands: the port from the environment, and a readable message if
// they cannot start.
import { existsSync } from "node:fs";

/** @import { Server } from "node:http" */

/** Something has to be done first. The message says what. */
export class CannotStart extends Error {}

/**
 * Runs a command. If it cannot start, prints the reason and ends the process with code 1.
 *
 * @param {string} command As it is typed.
 * @param {(port: number) => Promise<void>} start
 */
export async function runCommand(command, start) {
  const { PORT } = process.env;
  const port = PORT ? Number(PORT) : 8080;
  try {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new CannotStart(`PORT must be a number from 0 to 65535, got ${JSON.stringify(PORT)}.`);
    }
    if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
      throw new CannotStart(
        `The library is not built yet: run npm run build first, or ${command}, which does both.`,
      );
    }
    await start(port);
  } catch (error) {
    // Errors of files and programs have the same codes.
    const code =
      error instanceof Error && "syscall" in error && error.syscall === "listen" && "code" in error
        ? error.code
        : undefined;
    const another = (/** @type {number} */ other) =>
      `Choose another one, for example: PORT=${other} ${command}`;
    if (error instanceof CannotStart) console.error(error.message);
    else if (code === "EADDRINUSE")
      console.error(`Port ${port} is in use. ${another(port < 65_535 ? port + 1 : 8080)}`);
    else if (code === "EACCES")
      console.error(`Port ${port} is not open to this user. ${another(8080)}`);
    else throw error;
    process.exitCode = 1;
  }
}

/**
 * Listens on this machine only. Returns the port.
 *
 * @param {Server} server
 * @param {number} port 0 picks a free one.
 */
export async function listen(server, port) {
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}
