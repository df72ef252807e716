import { createElement } from "react";
import { flushSync } from "react-dom";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { App } from "./react-app.ts";

let root: Root;
const complain = (error: unknown): void => void complaints.push(String(error));

globalThis.adapterPage = {
  mount: (props) => {
    const container = document.getElementById("app")!;
    if (container.hasChildNodes())
      root = hydrateRoot(container, createElement(App, props), { onRecoverableError: complain });
    else {
      root = createRoot(container);
      root.render(createElement(App, props));
    }
  },
  // Returns when the render is done, so the server's next events are for this render.
  update: (props) => flushSync(() => root.render(createElement(App, props))),
  unmount: () => root.unmount(),
};
