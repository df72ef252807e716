import { hydrate, mount, unmount } from "svelte";
import { eventSource } from "resilient-eventsource/svelte";
import { events, type Props } from "./page.ts";
import Runes from "./Runes.svelte";
import { reactive } from "./props.svelte.js";
import Store from "./Store.svelte";

let app: object;
let props: Props;

const { warn } = console;
console.warn = (...args: unknown[]) => {
  complaints.push(args.join(" "));
  warn(...args);
};

globalThis.adapterPage = {
  mount: (given) => {
    props = reactive(given);
    const target = document.getElementById("app")!;
    app = (target.hasChildNodes() ? hydrate : mount)(Runes, { target, props });
  },
  update: (given) => Object.assign(props, given),
  unmount: () => void unmount(app),
};

/** Components that share one connection of a module. */
globalThis.shared = (url) => {
  const connection = eventSource(url, { events });
  return {
    mount: () => {
      const app = mount(Store, { target: document.getElementById("app")!, props: { connection } });
      return { unmount: () => void unmount(app) };
    },
    read: () => connection.current.state.status,
  };
};

declare global {
  var shared: (url: string) => { mount(): { unmount(): void }; read(): string };
}
