// npm run check: every static check at the same time, since one of them uses a single core.
// The output of each check is printed as a whole.
import { spawn } from "node:child_process";
import { once } from "node:events";

const checks = ["oxlint", "tsc --noEmit", "prettier --check --cache .", "knip"];

async function run(command) {
  const child = spawn(`npx ${command}`, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => (output += String(text)));
  const [code] = await once(child, "close");
  console.log(
    `${code === 0 ? "passed" : "FAILED"}: ${command}\n${code === 0 ? "" : output}`.trim(),
  );
  return code === 0;
}

const passed = await Promise.all(checks.map(run));
process.exitCode = passed.every(Boolean) ? 0 : 1;
