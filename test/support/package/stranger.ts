import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { root } from "./dist.ts";
import type { FaultServer } from "../server/fault-server.ts";
import { installInto } from "./pack.ts";

/** The packages that the apps have installed in addition to ours. */
const PACKAGES = ["react", "react-dom", "svelte", "vue"];

const types: Record<string, string | undefined> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/**
 * An app of a user who has installed the package from its tarball: a copy of a folder of test/apps,
 * without a way to our source.
 */
export class Stranger {
  readonly folder = mkdtempSync(join(tmpdir(), "resilient-eventsource-app-"));

  constructor(app: string, packages: readonly string[] = []) {
    installInto(this.folder);
    for (const name of [...PACKAGES, ...packages]) {
      const link = join(this.folder, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, "node_modules", name), link, "dir");
    }
    cpSync(join(root, "test/apps", app), this.folder, { recursive: true });
    writeFileSync(join(this.folder, "package.json"), JSON.stringify({ type: "module" }));
  }

  /** Serves the files in the app's `public` and `dist`, index.html as "/", with these headers. */
  serve(server: FaultServer, headers: Record<string, string>): void {
    for (const folder of ["public", "dist"]
      .map((name) => join(this.folder, name))
      .filter((path) => existsSync(path))) {
      for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const type = types[extname(file)];
        const path = file === "index.html" ? "/" : `/${file}`;
        if (type)
          server.servePage(path, readFileSync(join(folder, file), "utf8"), {
            ...headers,
            "Content-Type": type,
          });
      }
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
