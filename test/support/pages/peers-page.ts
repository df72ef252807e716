import { ResilientEventSource } from "resilient-eventsource";
import { SSE } from "sse.js";
import { contestants, type Connect } from "../../tools/bench/page/contestants.ts";

// A page script: each library opens a stream with its defaults, as a user would.

const open: Record<string, Connect> = {
  ...contestants,
  ours: (url, receive) => {
    const source = new ResilientEventSource(url);
    source.on("message", receive);
    return () => source.close();
  },
  // By default it does not reconnect at all.
  "sse.js": (url) => {
    const source = new SSE(url, { autoReconnect: true });
    return () => source.close();
  },
};

declare global {
  var openStream: (peer: string, url: string) => void;
}
globalThis.openStream = (peer, url) => {
  const connect = open[peer];
  if (!connect) throw new Error(`who is ${peer}?`);
  connect(url, () => undefined);
};
