import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../support/package/dist.ts";

interface Job {
  permissions: Record<string, string>;
  environment?: string;
  "timeout-minutes": number;
  strategy?: { matrix: { node: string[] } };
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}
interface Workflow {
  on: Record<string, { tags?: string[] } | null>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const folder = `${root}/.github/workflows`;
const texts = Object.fromEntries(
  readdirSync(folder).map((file) => [file, readFileSync(`${folder}/${file}`, "utf8")]),
);
const workflows = Object.fromEntries(
  Object.entries(texts).map(([file, text]) => [file, parse(text) as Workflow]),
);
const allJobs = Object.entries(workflows).flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => [file, name, job] as const),
);

describe.each(Object.entries(workflows))("%s", (file, workflow) => {
  test("pins every action to the hash of its commit, with the version in a comment", () => {
    const used = texts[file]!.match(/uses:.*/g)!;
    expect(used).toHaveLength(
      Object.values(workflow.jobs).flatMap(({ steps }) => steps.filter(({ uses }) => uses)).length,
    );
    for (const line of used)
      expect(line).toMatch(/^uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("gives rights to single jobs only, and holds no secret", () => {
    expect(workflow.permissions).toEqual({});
    expect(texts[file]).not.toMatch(/secrets\b/);
    // It would run a stranger's code with our rights.
    expect(workflow.on).not.toHaveProperty("pull_request_target");
  });
});

test("an action has one hash everywhere", () => {
  const used = Object.values(texts).flatMap((text) => text.match(/uses:.*/g)!);
  const names = new Set([...new Set(used)].map((line) => line.split("@")[0]));
  expect(new Set(used).size).toBe(names.size);
});

describe.each(allJobs)("%s, job %s", (_, name, job) => {
  test("has only the rights it needs, and a timeout", () => {
    expect(job.permissions).toEqual(
      name === "publish" ? { "id-token": "write" } : { contents: "read" },
    );
    expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });

  test("leaves no credentials to the scripts, and puts no outside text into one", () => {
    for (const { uses = "", run = "", with: inputs } of job.steps) {
      if (uses.includes("/checkout@"))
        expect(inputs).toMatchObject({ "persist-credentials": false });
      expect(run).not.toContain("${{");
    }
  });
});

test("CI tests the oldest Node that the tests run on, and the newest with long-term support", () => {
  const { steps, strategy } = workflows["ci.yml"]!.jobs.test!;
  expect(strategy!.matrix.node).toEqual(["20", "lts/*"]);
  expect(steps.map(({ run }) => run)).toContain(".ci/run");
  const { engines } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
    engines: { node: string };
  };
  const oldest = workflows["ci.yml"]!.jobs["oldest-node"]!.steps.filter(({ uses = "" }) =>
    uses.includes("/setup-node@"),
  ).at(-1)!;
  expect(`>=${oldest.with!["node-version"] as string}`).toBe(engines.node);
});

test("a version is published with its provenance, by a job that runs no other code", () => {
  const { on, jobs } = workflows["publish.yml"]!;
  expect(on).toEqual({ push: { tags: ["v*"] } });
  const { environment, steps } = jobs.publish!;
  expect(environment).toBe("npm");
  expect(steps.flatMap(({ run }) => run ?? [])).toEqual([
    "npm publish ./*.tgz --provenance --access public --ignore-scripts",
  ]);
  expect(steps.some(({ uses = "" }) => uses.includes("/checkout@"))).toBe(false);
  expect(jobs.pack!.steps.map(({ run }) => run)).toContain(".ci/run");
});

test("pinned actions and npm packages get updates, but for the oldest versions kept on purpose", () => {
  const { updates } = parse(readFileSync(`${root}/.github/dependabot.yml`, "utf8")) as {
    updates: {
      "package-ecosystem": string;
      directory: string;
      ignore?: { "dependency-name": string }[];
    }[];
  };
  expect(updates.map((update) => [update["package-ecosystem"], update.directory])).toEqual([
    ["github-actions", "/"],
    ["npm", "/"],
  ]);
  const { devDependencies } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
    devDependencies: Record<string, string>;
  };
  for (const { "dependency-name": name } of updates[1]!.ignore!)
    expect(Object.keys(devDependencies)).toContain(name);
});
