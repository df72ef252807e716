// One answer of many tokens, read by React in two ways: every token is counted by a state, and
// appended to one text node without a state.
import { createElement, StrictMode, useEffect, useRef, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { batched, fetchTransport } from "resilient-eventsource";
import { useEventSource, useReduced } from "resilient-eventsource/react";

/** The cost of reading an answer. */
export interface Reading {
  /** True if the appended text is the expected one. */
  isWhole: boolean;
  /** The count of the state. */
  counted: number;
  /** How often React committed, how often a batch came, and how many frames there were. */
  commits: number;
  batches: number;
  frames: number;
  /** From the mount to the end, in milliseconds. */
  elapsed: number;
}

declare global {
  /** Mounts the component, and resolves when the stream is closed and everything is rendered. */
  var readAnswer: (url: string, expected: string) => Promise<Reading>;
  /** Lays out this text at once: how long that takes shows the speed of this machine. */
  var layOut: (text: string) => void;
}

interface Counts {
  commits: number;
  batches: number;
  counted: number;
  status: string;
}

function Answer({ url, counts }: { url: string; counts: Counts }): ReactNode {
  const { source, state } = useEventSource(url, {
    transport: fetchTransport({ method: "POST", body: "{}" }),
  });
  const counted = useReduced(source, { message: (count) => count + 1 }, 0);
  const paragraph = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const element = paragraph.current!;
    const text = element.firstChild ?? element.appendChild(new Text());
    const append = batched<string>((tokens) => {
      counts.batches++;
      (text as Text).appendData(tokens.join(""));
    });
    return source?.on("message", append);
  }, [source, counts]);
  useEffect(() => {
    counts.commits++;
    counts.counted = counted;
    counts.status = state.status;
  });
  return createElement("p", { ref: paragraph });
}

globalThis.readAnswer = async (url, expected) => {
  const counts: Counts = { commits: 0, batches: 0, counted: 0, status: "" };
  const container = document.getElementById("app")!;
  const start = performance.now();
  const root = createRoot(container);
  root.render(createElement(StrictMode, null, createElement(Answer, { url, counts })));
  const isRendered = (): boolean =>
    counts.status === "closed" && container.textContent.length >= expected.length;
  let frames = 0;
  // A lost token would leave it waiting: then the end comes a second after the stream's.
  let closedAt: number | undefined;
  while (!isRendered() && !(closedAt && performance.now() > closedAt + 1000)) {
    await new Promise(requestAnimationFrame);
    frames++;
    if (counts.status === "closed") closedAt ??= performance.now();
  }
  // The last render of the state.
  for (let more = 0; more < 3; more++, frames++) await new Promise(requestAnimationFrame);
  const { textContent } = container;
  const elapsed = performance.now() - start;
  root.unmount();
  const { commits, batches, counted } = counts;
  const isWhole = textContent === expected;
  return { isWhole, counted, commits, batches, frames, elapsed };
};

globalThis.layOut = (text) => {
  const element = document.body.appendChild(document.createElement("p"));
  const node = element.appendChild(new Text());
  node.appendData(text);
  element.getBoundingClientRect();
  element.remove();
};
