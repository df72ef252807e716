import { createElement, StrictMode, type ReactNode } from "react";
import * as React from "react";
import type { ResilientEventSource } from "resilient-eventsource";
import { useEventSource, useLatest, useReduced } from "resilient-eventsource/react";
import { events, hear, type Props } from "./page.ts";

function Prices({ url, options, names = ["price"], label, stream }: Props): ReactNode {
  renders++;
  // Every option is a new object in each render, as in most apps.
  const { source, state, reconnect } = useEventSource(url, {
    ...options,
    ...(options?.backoff && { backoff: { ...options.backoff, retry: () => true } }),
    key: stream,
    events: { ...events },
    on: {
      price: names.includes("price") ? (payload, meta) => hear(label, payload, meta) : undefined,
      message: names.includes("message")
        ? (payload, meta) => hear(label, payload, meta)
        : undefined,
    },
  });
  return createElement(
    "main",
    null,
    createElement("output", { id: "status" }, state.status),
    createElement(Price, { source }),
    createElement(All, { source, label }),
    createElement("button", { id: "reconnect", onClick: reconnect }, "now"),
  );
}

type Source = ResilientEventSource<{ price: { eur: number } }> | null;

function Price({ source }: { source: Source }): ReactNode {
  return createElement("output", { id: "latest" }, useLatest(source, "price")?.eur ?? "none");
}

/** Every payload, with the label as of its event. */
function All({ source, label = "" }: { source: Source; label?: string | undefined }): ReactNode {
  const all = useReduced(
    source,
    { price: (list, { eur }) => [...list, `${label}${eur}`] },
    [] as readonly string[],
  );
  return createElement("output", { id: "all" }, all.join());
}

/** React 18 has no Activity. */
const { Activity = ({ children }: { children: ReactNode }) => children } = React as Partial<
  typeof React
>;

export function App(props: Props): ReactNode {
  const children = createElement(Prices, props);
  return createElement(
    StrictMode,
    null,
    createElement(Activity, { mode: props.hidden ? "hidden" : "visible", children }),
  );
}
