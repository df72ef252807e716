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
  // Rendered when it returns: what a test has the server send next is for this render.
  update: (props) => flushSync(() => root.render(createElement(App, props))),
  unmount: () => root.unmount(),
};
