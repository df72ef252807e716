import { createApp, createSSRApp, type App } from "vue";
import { given, Prices } from "./vue-app.ts";

let app: App;

globalThis.adapterPage = {
  mount: (props) => {
    Object.assign(given, props);
    const container = document.getElementById("app")!;
    app = container.hasChildNodes() ? createSSRApp(Prices) : createApp(Prices);
    // What Vue has to say about hydration it says there, in development.
    const { warn } = console;
    console.warn = console.error = (...args: unknown[]) => {
      complaints.push(args.join(" "));
      warn(...args);
    };
    app.mount(container);
  },
  update: (props) => Object.assign(given, props),
  unmount: () => app.unmount(),
};
