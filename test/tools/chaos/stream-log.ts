import type { Random } from "./random.ts";

/** The names of the events. */
export const eventNames = ["message", "tick", "prix-é", "日本", "constructor"];

const words = [
  "plain",
  "é",
  "日本語",
  "🦊🌍",
  "ÿ",
  "",
  "id: 7",
  "data",
  " white  space ",
  "\u2028",
  "{}",
  "event: x",
];
const lineEnds = ["\n", "\n", "\r\n", "\r"];
/** What comes between events, and is none. */
const noise = [
  ": keep-alive é",
  "event: without-data",
  "unknown: field",
  "retry",
  "retry: 1e3",
  "data2: x",
  " data: x",
];

/** The endless stream of one source: event n is the same whenever it is sent. */
export class StreamLog {
  /** How many events have happened so far. */
  published = 0;
  private readonly blocks: Buffer[] = [];
  private readonly texts: string[] = [];

  constructor(private readonly random: Random) {}

  /** What a listener has to hear as event `number`, from 1: name, id and data. */
  text(number: number): string {
    this.make(number);
    return this.texts[number - 1]!;
  }

  /** The same as it is sent. */
  block(number: number): Buffer {
    this.make(number);
    return this.blocks[number - 1]!;
  }

  /** The number of the event that an id belongs to; 0 for none. */
  static numberOf(id: string): number {
    return Number.parseInt(id, 10) || 0;
  }

  private make(upTo: number): void {
    const { random } = this;
    while (this.blocks.length < upTo) {
      const number = this.blocks.length + 1;
      const id = `${number},${random.pick(["é", "日本", "a b", "🦊", "%", "+"])}`;
      const name = random.pick(eventNames);
      const data = Array.from(
        { length: random.int(1, 3) },
        () => `${random.pick(words)} ${random.pick(words)}`,
      );
      if (random.chance(0.01)) data.push("big ".repeat(random.int(1000, 20_000)));
      const head = [`id: ${id}`, ...(name === "message" ? [] : [`event: ${name}`])];
      const body = data.map((line) => `data: ${line}`);
      const end = random.pick(lineEnds);
      const lines = random.chance(0.5) ? [...head, ...body] : [...body, ...head];
      // "If the field value does not contain U+0000 NULL": such an id does not count.
      if (random.chance(0.05)) lines.push("id: 9\u00009");
      lines.push("");
      if (random.chance(0.1)) lines.push(random.pick(noise), "");
      // An id without data moves the resume point, still behind this event.
      if (random.chance(0.1)) lines.push(`id: ${number}+`, "");
      this.blocks.push(Buffer.from(lines.map((line) => line + end).join("")));
      this.texts.push(`${name}|${id}|${data.join("\n")}`);
    }
  }
}
