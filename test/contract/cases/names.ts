import { expect, it } from "vitest";
import type { Bench } from "../contract.ts";

/** Names that have a meaning for objects, for EventTarget or for a polyfill. */
const TRICKY = [
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "data",
  "close",
  "open",
  "error",
  "message",
  "onmessage",
  "-",
  "名",
];

export function names(bench: Bench): void {
  it("any text can be a name", async () => {
    const client = await bench.receive(
      TRICKY.map((name) => `event: ${name}\ndata: of ${name}\n\n`),
      { names: TRICKY },
    );
    expect(client.events.map(({ type, data }) => [type, data])).toEqual(
      TRICKY.map((name) => [name, `of ${name}`]),
    );
    expect(client.settled).toBeUndefined();
    expect(client.entries.filter(({ call }) => call === "open")).toHaveLength(1);
  });

  it("events without a listener do no harm", async () => {
    const client = await bench.receive(
      [TRICKY.map((name) => `event: ${name}\ndata: of ${name}\n\n`).join("")],
      { names: ["message"] },
    );
    // An EventSource shows the names that it was told to listen to, and `open` and `error`, whose
    // server events arrive at the listeners of its lifecycle events.
    const seen = client.abilities.comments ? TRICKY : ["open", "error", "message"];
    expect(client.data).toEqual(seen.map((name) => `of ${name}`));
  });

  it("listeners come and go while the stream is open", async () => {
    const { client, connection } = await bench.open({ names: ["message", "early"] });
    const send = async (mark: string): Promise<void> => {
      connection.write(
        `event: early\ndata: early ${mark}\n\nevent: late\ndata: late ${mark}\n\ndata: ${mark}\n\n`,
      );
      await client.received(mark);
    };
    await send("1");
    await client.setListened("late", true);
    await client.setListened("late", true);
    await send("2");
    await client.setListened("early", false);
    await send("3");
    await client.setListened("early", true);
    await client.setListened("late", false);
    await client.setListened("never", false);
    await send("4");
    const sent = ["1", "2", "3", "4"].flatMap((mark) => [`early ${mark}`, `late ${mark}`, mark]);
    const tooEarly = client.abilities.comments ? [] : ["late 1"];
    const tooLate =
      client.abilities.comments || bench.traits.keepsNames ? [] : ["early 3", "late 4"];
    expect(client.data).toEqual(sent.filter((data) => ![...tooEarly, ...tooLate].includes(data)));
  });
}
