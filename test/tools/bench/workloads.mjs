import { Buffer } from "node:buffer";

// Text as servers send it, since the characters that a parser has to pass on its search for a field
// name cost time, too.
const PROSE = "this price is indicative, it is updated while its bid is valid; ".repeat(32);

const payload = (number, length) => {
  const [head, foot] = [`{"id":${1_000_000 + number},"price":101.25,"text":"`, '"}'];
  return head + PROSE.slice(0, length - head.length - foot.length) + foot;
};

const one = (number, length) => `data: ${payload(number, length)}\n\n`;
const line = `data: ${PROSE.slice(0, 52)}\n`;

/**
 * The contents of a burst. `count` is how many events a measurement sends; `characters` is the
 * length of one's data, so that a lost event is noticed.
 */
export const workloads = {
  small: { title: "60 bytes", count: 200_000, characters: 52, event: (number) => one(number, 52) },
  ids: {
    title: "60 bytes, ids",
    count: 200_000,
    characters: 40,
    event: (number) => `id: ${1_000_000 + number}\n` + one(number, 40),
  },
  large: { title: "2 KB", count: 20_000, characters: 2040, event: (number) => one(number, 2040) },
  lines: {
    title: "20 lines",
    count: 20_000,
    characters: 20 * 53 - 1,
    event: () => line.repeat(20) + "\n",
  },
};

const made = new Map();

/**
 * The bytes of this many events of a workload. They are made once, since making them takes longer
 * than sending them.
 */
export function burst(name, count) {
  const key = `${name} ${count}`;
  if (!made.has(key))
    made.set(
      key,
      Buffer.from(
        Array.from({ length: count }, (_, number) => workloads[name].event(number)).join(""),
      ),
    );
  return made.get(key);
}
