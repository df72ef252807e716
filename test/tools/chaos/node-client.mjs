// A process with sources in it, as a page has them: `node node-client.mjs LIBRARY`. Its first
// message is the source text of the functions that install the witness.
import { pathToFileURL } from "node:url";

process.once("message", async (installers) => {
  // Before the library is loaded, as in a page.
  for (const install of installers) (0, eval)(`(${install})()`);
  globalThis.library = await import(pathToFileURL(process.argv[2]).href);
  process.on("message", ({ number, call, parameters }) => {
    process.send({ number, result: globalThis.witness[call](...parameters) });
  });
  process.send({ number: 0 });
});
process.on("disconnect", () => process.exit());
