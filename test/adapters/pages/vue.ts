import { createApp, createSSRApp, type App } from "vue";
import { given, Prices } from "./vue-app.ts";

let app: App;

globalThis.adapterPage = {
  mount: (props) => {
    Object.assign(given, props);
    const container = document.getElementById("app")!;
    app = container.hasChildNodes() ? createSSRApp(Prices) : createApp(Prices);
    // Vue's development build reports problems with hydration here.
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
