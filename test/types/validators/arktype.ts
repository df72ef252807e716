import { type } from "arktype";
import { iterate, ResilientEventSource, text } from "resilient-eventsource";
import { exactly } from "../exactly.ts";

// arktype's schemas are functions, too, which return errors beside payloads: what counts is the schema.
const Price = type({ eur: "number", at: "string.date.parse" });

const source = new ResilientEventSource("/stream", {
  events: {
    price: Price,
    length: type("string").pipe((value) => value.length),
    code: text(type("string.numeric.parse")),
  },
});
source.on("price", (payload) => exactly<{ eur: number; at: Date }>()(payload));
source.on("length", (payload) => exactly<number>()(payload));
source.on("code", (payload) => exactly<number>()(payload));
source.addEventListener("price", (event) => exactly<MessageEvent<typeof Price.infer>>()(event));
export async function read(): Promise<void> {
  for await (const price of iterate(source, "price")) exactly<{ eur: number; at: Date }>()(price);
}
// @ts-expect-error: the schema says number
source.on("price", ({ eur }) => eur.length);
