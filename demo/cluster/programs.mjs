// @ts-check
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { CannotStart } from "../command.mjs";

/** The programs of the cluster, by Debian's names. */
const packages = { nginx: "nginx", nchan: "libnginx-mod-nchan", redis: "redis-server" };

/** Something has to be installed first. The message says what and how. */
export class MissingPrograms extends CannotStart {
  /** @param {string[]} missing Debian's names. */
  constructor(missing) {
    super(
      `The cluster needs ${missing.join(", ")}. On Debian and Ubuntu: apt-get install ${missing.join(" ")}`,
    );
    /** The packages, by Debian's names. */
    this.missing = missing;
  }
}

/**
 * The paths of nginx, its module nchan, and Redis.
 *
 * @throws {MissingPrograms}
 */
export function findPrograms() {
  const nginx = find("nginx");
  const found = {
    nginx,
    nchan: nginx && findModule(nginx, "ngx_nchan_module.so"),
    redis: find("redis-server"),
  };
  const { nchan, redis } = found;
  if (nginx && nchan && redis) return { nginx, nchan, redis };
  throw new MissingPrograms(
    Object.entries(packages).flatMap(([name, debian]) =>
      found[/** @type {keyof found} */ (name)] ? [] : [debian],
    ),
  );
}

/**
 * Debian's nginx is in /usr/sbin, which is not in the PATH of most users.
 *
 * @param {string} program
 */
function find(program) {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return [...folders, "/usr/sbin", "/usr/local/sbin"]
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
}

/**
 * A module of this nginx, which reports the folder of its modules.
 *
 * @param {string} nginx
 * @param {string} file
 */
function findModule(nginx, file) {
  const { stderr } = spawnSync(nginx, ["-V"], { encoding: "utf8" });
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1];
  return folder && [join(folder, file)].find((path) => existsSync(path));
}
