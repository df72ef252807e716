import { describe, expect, it } from "vitest";
import { mutate } from "./mutate.mjs";

describe("mutate", () => {
  const change = {
    find: "if (!$LIVE) return",
    within: ["attempt", "event"],
    replace: "log($LIVE);",
  };
  const text = `function attempt() {
  let live = true;
  return { open() { if (!live) return; }, event() { if (!live) return; deliver(); } };
}`;
  const apply = (text: string, file = "src/attempt.ts", find = change) =>
    mutate(new Map([[file, text]]), [find]).get(file);

  it("changes the one place within the named functions", () => {
    expect(apply(text)).toBe(text.replace("event() { if (!live) return;", "event() { log(live);"));
  });

  it.each([
    ["a local is renamed", text.replaceAll(/\blive\b/g, "isAlive"), "event() { log(isAlive);"],
    ["the code is formatted in another way", text.replaceAll(" ", "\n\n  "), "log(live);"],
    ["the function is one of a class", `class A { ${text.slice(9)} }`, "event() { log(live);"],
    [
      "the function is an arrow function",
      "const attempt = () => { const event = () => { if (!live) return; }; }",
      "const event = () => { log(live); }",
    ],
    [
      "another function comes between",
      "function attempt() { function sinkOf() { return { event() { if (!live) return; } } } }",
      "event() { log(live); }",
    ],
  ])("finds it when %s", (_, text, changed) => {
    expect(apply(text)).toContain(changed);
  });

  it("finds it in another file", () => {
    expect(apply(text, "src/elsewhere/a.ts")).toContain("log(live)");
  });

  it("fills in several statements", () => {
    const found = { find: "if ($A) { $$$BODY }", within: [], replace: "{ $$$BODY }" };
    expect(apply("if (a) { b(); c(); }", "a.ts", found)?.split(/\s+/)).toEqual(
      "{ b(); c(); }".split(" "),
    );
  });

  it("makes several changes one after the other", () => {
    const changes = [
      { find: "a()", replace: "b()" },
      { find: "b()", replace: "c()" },
    ];
    expect(mutate(new Map([["a.ts", "a();"]]), changes)).toEqual(new Map([["a.ts", "c();"]]));
  });

  it.each([
    ["there is none", text.replace("event()", "message()"), "0 places"],
    ["there are two", text.replace("deliver()", "if (!open) return"), "2 places"],
    ["nothing would change", text, "no change", { ...change, replace: "if (!$LIVE) return;" }],
  ])("throws if %s", (_, text, message, find = change) => {
    expect(() => apply(text, "a.ts", find)).toThrow(message);
  });

  it("names the places if there are two in different files", () => {
    const files = new Map([
      ["a.ts", text],
      ["b.ts", `\n${text}`],
    ]);
    expect(() => mutate(files, [change])).toThrow("a.ts:3, b.ts:4");
  });
});
