import { ResilientEventSource, text } from "resilient-eventsource";
import * as z from "zod";
import * as mini from "zod/mini";
import { exactly } from "../exactly.ts";

const Price = z.object({ eur: z.number(), at: z.coerce.date(), note: z.string().optional() });

const source = new ResilientEventSource("/stream", {
  events: {
    price: Price,
    length: z.string().transform((value) => value.length),
    kind: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a") }),
      z.object({ kind: z.literal("b"), b: z.number() }),
    ]),
    code: text(z.coerce.number()),
    mini: mini.object({ eur: mini.number() }),
    plain: (text) => text.length,
  },
});
source.on("price", (payload) => exactly<z.output<typeof Price>>()(payload));
source.on("price", (payload) => exactly<Date>()(payload.at));
source.on("length", (payload) => exactly<number>()(payload));
source.on("kind", (payload) => exactly<{ kind: "a" } | { kind: "b"; b: number }>()(payload));
source.on("code", (payload) => exactly<number>()(payload));
source.on("mini", (payload) => exactly<{ eur: number }>()(payload));
source.on("plain", (payload) => exactly<number>()(payload));
source.addEventListener("price", (event) => exactly<MessageEvent<z.output<typeof Price>>>()(event));
// @ts-expect-error: the schema says number
source.on("price", ({ eur }) => eur.length);

export function messages<Schema extends z.ZodType>(schema: Schema): void {
  new ResilientEventSource("/stream", { events: { message: schema } }).on("message", (payload) =>
    exactly<z.output<Schema>>()(payload),
  );
}
