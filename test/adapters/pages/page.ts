import type { ResilientEventSourceOptions } from "resilient-eventsource";

/** What the component of every framework is given. */
export interface Props {
  url: string | null;
  /** Options that are data. */
  options?: Pick<ResilientEventSourceOptions, "backoff" | "heartbeatTimeout" | "lastEventId">;
  /** Names to listen to. Default: `price`. */
  names?: readonly ("price" | "message")[];
  /** Comes back with each event, so that a stale closure shows. */
  label?: string;
  /** React's `key` of the stream. */
  stream?: string;
  /** Whether the component is there, where the page can hide it. */
  hidden?: boolean;
}

/** What a page of a framework can do. */
interface AdapterPage {
  /** Mounts the component; over what a server rendered, if there is something. */
  mount(props: Props): void;
  /** Gives it other props. */
  update(props: Props): void;
  unmount(): void;
}

declare global {
  var adapterPage: AdapterPage;
  /** How often the component that has the connection was rendered. */
  var renders: number;
  /** Every call of a listener in `on`. */
  var heard: string[];
  /** What a framework complains about while it takes over what a server rendered. */
  var complaints: string[];
}

globalThis.renders = 0;
globalThis.heard = [];
globalThis.complaints = [];

/** The decoders of every page. */
export const events = { price: (text: string): { eur: number } => ({ eur: Number(text) }) };

/** Notes a call of a listener. */
export function hear(
  label: string | undefined,
  payload: { eur: number } | string,
  { lastEventId }: { lastEventId: string },
): void {
  heard.push(
    [label ?? "", typeof payload === "string" ? payload : `€${payload.eur}`, lastEventId].join("|"),
  );
}
