// The script of a frame. Each contestant has a frame of its own: shared machine code would be
// warmed up or spoiled by others.
import { contestants, type Contestant } from "./contestants.ts";

/** Called with the data of each event. */
const listeners = {
  light: () => undefined,
  parse: (data: string) => void JSON.parse(data),
  busy: () => {
    const began = performance.now();
    while (performance.now() - began < 0.1);
  },
} satisfies Record<string, (data: string) => void>;

export interface Stream {
  /** Settles with the first event, with which every stream starts. */
  readonly opened: Promise<void>;
  /** How many times the stream was opened. */
  readonly openings: () => number;
  /** Settles after this many more events, with the length of their data. */
  expect(count: number): Promise<number>;
  close(): void;
}

function open(
  contestant: Contestant,
  url: string,
  listener: keyof typeof listeners = "light",
): Stream {
  const listen: (data: string) => void = listeners[listener];
  let openings = 0;
  let missing = 0;
  let characters = 0;
  let complete: (characters: number) => void;
  let opened: () => void;
  const opening = new Promise<void>((resolve) => (opened = resolve));
  const close = contestants[contestant](url, (data) => {
    if (data === "open") {
      openings++;
      opened();
      return;
    }
    listen(data);
    characters += data.length;
    if (--missing === 0) complete(characters);
  });
  return {
    opened: opening,
    openings: () => openings,
    expect: (count) =>
      new Promise((resolve) => {
        missing = count;
        characters = 0;
        complete = resolve;
      }),
    close,
  };
}

export type Open = typeof open;

Object.assign(globalThis, { open });
