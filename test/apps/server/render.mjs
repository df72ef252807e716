// A framework that renders on the server imports the whole app and renders it.
import { json, ResilientEventSource } from "resilient-eventsource";
import { useEventSource, useLatest } from "resilient-eventsource/react";
import { createElement } from "react";
import { renderToString } from "react-dom/server";

function Price() {
  const { source, state } = useEventSource("/stream/prices", { events: { price: json() } });
  return createElement(
    "p",
    null,
    `${state.status}, ${useLatest(source, "price")?.eur ?? "no price yet"}`,
  );
}

console.log(typeof ResilientEventSource, renderToString(createElement(Price)));
