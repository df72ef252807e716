// A process with sources in it, as a page has them: `node node-client.mjs LIBRARY`. Its first
// message is the witness's source text.
import { pathToFileURL } from "node:url";

process.once("message", async (installWitness) => {
  // Before the library is loaded, as in a page.
  (0, eval)(`(${installWitness})()`);
  globalThis.library = await import(pathToFileURL(process.argv[2]).href);
  process.on("message", ({ number, call, parameters }) => {
    process.send({ number, result: globalThis.witness[call](...parameters) });
  });
  process.send({ number: 0 });
});
process.on("disconnect", () => process.exit());
