import { chromium } from "playwright-core";

const COUNT = 60;
/** Rows of the memory table. */
const CONTESTANTS = [
  "native",
  "ours, native, on()",
  "bare fetch + eventsource-parser",
  "ours, fetch, on()",
];

/**
 * The memory of an idle connection, in bytes of JavaScript and Blink, by contestant: heap snapshots
 * with this many connections and with twice as many. Only the devtools see Blink's objects, and
 * they slow nothing down here.
 */
export async function idleMemory(executablePath, port) {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const result = {};
  for (const contestant of CONTESTANTS) {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/frame`);
    const devtools = await page.context().newCDPSession(page);
    await page.evaluate(openStreams, { contestant, port, from: 0, count: COUNT });
    const before = await heapSize(devtools);
    await page.evaluate(openStreams, { contestant, port, from: COUNT, count: COUNT });
    result[contestant] = ((await heapSize(devtools)) - before) / COUNT;
    await page.close();
  }
  await browser.close();
  return result;
}

/** Runs in the frame. A browser makes six connections to a host, and 127.0.0.0/8 has many hosts. */
async function openStreams({ contestant, port, from, count }) {
  globalThis.streams ??= [];
  const added = Array.from({ length: count }, (_, index) => {
    const number = from + index;
    return globalThis.open(
      contestant,
      `http://127.0.0.${2 + Math.floor(number / 6)}:${port}/events?id=${contestant}${number}`,
    );
  });
  globalThis.streams.push(...added);
  await Promise.all(added.map(({ opened }) => opened));
}

async function heapSize(devtools) {
  let text = "";
  const append = ({ chunk }) => (text += chunk);
  devtools.on("HeapProfiler.addHeapSnapshotChunk", append);
  await devtools.send("HeapProfiler.collectGarbage");
  await devtools.send("HeapProfiler.takeHeapSnapshot");
  devtools.off("HeapProfiler.addHeapSnapshotChunk", append);
  const { snapshot, nodes } = JSON.parse(text);
  const fields = snapshot.meta.node_fields;
  let sum = 0;
  for (let at = fields.indexOf("self_size"); at < nodes.length; at += fields.length)
    sum += nodes[at];
  return sum;
}
