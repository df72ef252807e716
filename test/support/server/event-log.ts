import type { Random } from "../random.ts";

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
const lineEnds = ["\n", "\n", "\r\n", "\r\n", "\r"];
/** Lines between events that no client delivers. */
const noise = [
  ": keep-alive é",
  "event: without-data",
  "unknown: field",
  "retry",
  "retry: 1e3",
  "data2: x",
  " data: x",
];

/** One event of a log. */
interface LoggedEvent {
  /** The ids that a client may have after it. Each of them resumes behind it. */
  readonly ids: readonly string[];
  /** Name, id and data, as a listener must get them. */
  readonly text: string;
  /** The event as the server sends it, with what comes before the next one. */
  readonly bytes: Buffer;
}

/** The endless log of one stream: event n is the same whenever it is sent. */
export class EventLog {
  /** How many events have happened so far. */
  published = 0;
  private readonly events: LoggedEvent[] = [];

  constructor(
    private readonly random: Random,
    /** How many of the events are large: up to 80 KB. */
    private readonly large = 0,
  ) {}

  /** The event with this number, from 1. */
  event(number: number): LoggedEvent {
    while (this.events.length < number) this.events.push(this.make(this.events.length + 1));
    return this.events[number - 1]!;
  }

  /** The number of the event that an id belongs to; 0 if there is none. */
  static numberOf(id: string): number {
    return Number.parseInt(id, 10) || 0;
  }

  private make(number: number): LoggedEvent {
    const { random } = this;
    const id = `${number},${random.pick(["é", "日本", "a b", "🦊", "%", "+"])}`;
    const name = random.pick(eventNames);
    const data = Array.from(
      { length: random.int(1, 3) },
      () => `${random.pick(words)} ${random.pick(words)}`,
    );
    if (random.chance(this.large)) data.push("big ".repeat(random.int(1000, 20_000)));
    const head = [`id: ${id}`, ...(name === "message" ? [] : [`event: ${name}`])];
    const body = data.map((line) => `data: ${line}`);
    const end = random.pick(lineEnds);
    const lines = random.chance(0.5) ? [...head, ...body] : [...body, ...head.reverse()];
    const ids = [id];
    // "If the field value does not contain U+0000 NULL": such an id does not count.
    if (random.chance(0.05)) lines.push("id: 9\u00009");
    lines.push("");
    if (random.chance(0.1)) lines.push(random.pick(noise), "");
    // An id without data moves the resume point.
    if (random.chance(0.1)) {
      ids.push(`${number}+`);
      lines.push(`id: ${number}+`, "");
    }
    return {
      ids,
      text: `${name}|${id}|${data.join("\n")}`,
      bytes: Buffer.from(lines.map((line) => line + end).join("")),
    };
  }
}
