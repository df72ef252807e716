import { ResilientEventSource, text } from "resilient-eventsource";
import * as v from "valibot";
import { exactly } from "../exactly.ts";

const Price = v.object({
  eur: v.number(),
  at: v.pipe(
    v.string(),
    v.transform((value) => new Date(value)),
  ),
});

const source = new ResilientEventSource("/stream", {
  events: {
    price: Price,
    length: v.pipe(
      v.string(),
      v.transform((value) => value.length),
    ),
    code: text(v.pipe(v.string(), v.transform(Number))),
  },
});
source.on("price", (payload) => exactly<{ eur: number; at: Date }>()(payload));
source.on("length", (payload) => exactly<number>()(payload));
source.on("code", (payload) => exactly<number>()(payload));
source.addEventListener("price", (event) =>
  exactly<MessageEvent<v.InferOutput<typeof Price>>>()(event),
);
// @ts-expect-error: the schema says number
source.on("price", ({ eur }) => eur.length);
