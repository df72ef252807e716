import { connection } from "./tests/connection.ts";
import { face } from "./tests/interface.ts";
import { format } from "./tests/format.ts";
import { request } from "./tests/request.ts";

/**
 * What the tests of web-platform-tests/wpt, `eventsource/`, check, as of November 2026: each under the name of its file, but written anew. Where the
 * two seem to differ, theirs is right.
 */
// A test of `connection` closes its worker, so they come last.
export const tests = [face, format, request, connection].flat();
