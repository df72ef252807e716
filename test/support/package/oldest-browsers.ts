import browserslist from "browserslist";
import { root } from "./dist.ts";

/** The oldest browsers that the build must run in: browserslist's names and versions, from package.json. */
export const oldestBrowsers: Readonly<Record<string, string>> = oldestOf(
  browserslist(undefined, { path: root }),
);

function oldestOf(browsers: readonly string[]): Record<string, string> {
  const oldest: Record<string, string> = {};
  for (const browser of browsers) {
    const [name, versions] = browser.split(" ") as [string, string];
    // A range ("14.0-14.4") stands for its beginning.
    const version = versions.split("-")[0]!;
    if (!(Number(oldest[name]) <= Number(version))) oldest[name] = version;
  }
  return oldest;
}
