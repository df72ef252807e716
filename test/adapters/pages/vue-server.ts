import { createSSRApp } from "vue";
import { renderToString } from "vue/server-renderer";
import type { Props } from "./page.ts";
import { given, Prices } from "./vue-app.ts";

Object.assign(given, JSON.parse(process.argv[2]!) as Props);
process.stdout.write(await renderToString(createSSRApp(Prices)));
