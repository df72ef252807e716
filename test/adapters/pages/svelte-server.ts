import { render } from "svelte/server";
import type { Props } from "./page.ts";
import Runes from "./Runes.svelte";

const props = JSON.parse(process.argv[2]!) as Props;
process.stdout.write(render(Runes, { props }).body);
