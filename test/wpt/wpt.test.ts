import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../support/browsers/browsers.ts";
import type { FaultServer } from "../support/server/fault-server.ts";
import { scopes, type Scope } from "./define.ts";
import { elsewhere, exceptions } from "./exceptions.ts";
import type { Outcomes } from "./run.ts";
import { startServer } from "./server.ts";
import { classes, runScope, serveScopes, type ClassName } from "./setting.ts";
import { tests } from "./tests.ts";

const classNames = Object.keys(classes) as ClassName[];
const outcomes = new Map<string, Outcomes>();
const keyOf = (className: ClassName, scope: Scope): string => `${className} in a ${scope}`;

let browser: Browser;
let servers: FaultServer[];
beforeAll(async () => {
  browser = await launchChromium();
  const [home, away] = [await startServer(), await startServer()];
  servers = [home, away];
  await serveScopes(home);
  const runs = classNames.flatMap((className) =>
    scopes.map(async (scope) =>
      outcomes.set(keyOf(className, scope), await runScope(browser, home, away, className, scope)),
    ),
  );
  await Promise.all(runs);
});
afterAll(async () => {
  await browser.close();
  for (const server of servers) server.close();
});
afterAll(() => {
  const notHere = Object.entries(elsewhere).map(([file, where]) => `  ${file}: ${where}`);
  const intro =
    "Web Platform Tests, eventsource/: what they check, written anew, and counted in each scope";
  console.log(
    [intro, ...classNames.map(summary), "Files that no check stands for:", ...notHere].join("\n"),
  );
});

describe.each(classNames)("%s", (className) => {
  test.each(tests.map(({ file, name, where }) => ({ title: `${file}: ${name}`, where })))(
    "$title",
    ({ title, where }) => {
      const exception = exceptions.find((exception) => applies(exception, className, title));
      for (const scope of where) {
        const failure = outcomes.get(keyOf(className, scope))?.[title];
        if (!exception) expect.soft(failure, scope).toBeNull();
        else if (!exception.byChance)
          expect
            .soft(failure, `${scope}: passed, so take it off exceptions.ts`)
            .toEqual(expect.any(String));
      }
    },
  );
});

test("each exception is one of a test", () => {
  const titles = tests.map(({ file, name }) => `${file}: ${name}`);
  const unknown = exceptions
    .flatMap(({ tests }) => tests)
    .filter((start) => !titles.some((title) => title.startsWith(start)));
  expect(unknown).toEqual([]);
});

function applies(
  { of, tests }: (typeof exceptions)[number],
  className: ClassName,
  title: string,
): boolean {
  return of.includes(className) && tests.some((start) => title.startsWith(start));
}

/** How many tests pass, counted in each scope, and why the others do not. */
function summary(className: ClassName): string {
  const results = scopes.flatMap((scope) =>
    Object.entries(outcomes.get(keyOf(className, scope)) ?? {}),
  );
  const failed = results.filter(([, failure]) => failure !== null).map(([title]) => title);
  const reasons = exceptions
    .map((exception) => ({
      why: exception.why,
      count: failed.filter((title) => applies(exception, className, title)).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ why, count }) => `  ${count}: ${why}`);
  const intro = `${className}: ${results.length - failed.length} of ${results.length} checks of wpt/eventsource pass; exceptions:`;
  return [intro, ...reasons].join("\n");
}
