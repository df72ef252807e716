// A framework that renders on the server imports the whole app and renders it.
const { json, ResilientEventSource } = require("resilient-eventsource");
const { useEventSource, useLatest } = require("resilient-eventsource/react");
const { createElement } = require("react");
const { renderToString } = require("react-dom/server");

function Price() {
  const { source, state } = useEventSource("/stream/prices", { events: { price: json() } });
  return createElement(
    "p",
    null,
    `${state.status}, ${useLatest(source, "price")?.eur ?? "no price yet"}`,
  );
}

console.log(typeof ResilientEventSource, renderToString(createElement(Price)));
