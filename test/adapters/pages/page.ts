import type { ResilientEventSourceOptions } from "resilient-eventsource";

/** The props of every framework's component. */
export interface Props {
  url: string | null;
  /** Options that are data. */
  options?: Pick<ResilientEventSourceOptions, "backoff" | "heartbeatTimeout" | "lastEventId">;
  /** Names to listen to. Default: `price`. */
  names?: readonly ("price" | "message")[];
  /** Reported with each event, so that a stale closure shows. */
  label?: string;
  /** React's `key` of the stream. */
  stream?: string;
  /** True while the component is visible, where the page can hide it. */
  hidden?: boolean;
}

/** The abilities of a framework's page. */
interface AdapterPage {
  /** Mounts the component, over the markup of a server if there is any. */
  mount(props: Props): void;
  /** Sets other props. */
  update(props: Props): void;
  unmount(): void;
}

declare global {
  var adapterPage: AdapterPage;
  /** How often the component with the connection was rendered. */
  var renders: number;
  /** Every call of a listener in `on`. */
  var heard: string[];
  /** The framework's complaints while it hydrates the markup of a server. */
  var complaints: string[];
}

globalThis.renders = 0;
globalThis.heard = [];
globalThis.complaints = [];

/** The decoders of every page. */
export const events = { price: (text: string): { eur: number } => ({ eur: Number(text) }) };

/** The reducers of every page. */
export const reducers = {
  price: (all: readonly number[], { eur }: { eur: number }): readonly number[] => [...all, eur],
};

/** Records a call of a listener. */
export function hear(
  label: string | undefined,
  payload: { eur: number } | string,
  { lastEventId }: { lastEventId: string },
): void {
  heard.push(
    [label ?? "", typeof payload === "string" ? payload : `€${payload.eur}`, lastEventId].join("|"),
  );
}
