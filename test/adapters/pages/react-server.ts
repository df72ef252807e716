import { createElement } from "react";
import { renderToString } from "react-dom/server";
import type { Props } from "./page.ts";
import { App } from "./react-app.ts";

const props = JSON.parse(process.argv[2]!) as Props;
process.stdout.write(renderToString(createElement(App, props)));
