import { useEventSource } from "resilient-eventsource/vue";
import { defineComponent, h, shallowReactive } from "vue";
import { events, hear, reducers, type Props } from "./page.ts";

/** The props of the app, which a parent component would pass. */
export const given = shallowReactive<Props>({ url: null });

export const Prices = defineComponent({
  setup() {
    const { state, reconnect, latest, reduced } = useEventSource(() => given.url, {
      ...given.options,
      events,
      on: { price: (payload, meta) => hear(given.label, payload, meta) },
    });
    const price = latest("price");
    const all = reduced(reducers, [] as readonly number[]);
    // A component of its own, so that an event renders nothing else.
    const Price = (): unknown => h("output", { id: "latest" }, String(price.value?.eur ?? "none"));
    const All = (): unknown => h("output", { id: "all" }, all.value.join());
    return () => {
      renders++;
      return h("main", [
        h("output", { id: "status" }, state.value.status),
        h(Price),
        h(All),
        h("button", { id: "reconnect", onClick: reconnect }, "now"),
      ]);
    };
  },
});
