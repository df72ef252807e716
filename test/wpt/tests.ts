import { connection } from "./tests/connection.ts";
import { face } from "./tests/interface.ts";
import { format } from "./tests/format.ts";
import { request } from "./tests/request.ts";

/**
 * The checks of web-platform-tests/wpt, `eventsource/`, as of November 2026. Each has the name of
 * its file there but is written from scratch. Where the two seem to differ, the original is right.
 */
// A test of `connection` closes its worker, so they come last.
export const tests = [face, format, request, connection].flat();
