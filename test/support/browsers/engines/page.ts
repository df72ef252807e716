import { PATIENCE } from "../../patience.ts";

/** What an engine's driver has to do with a page. Everything else is made of it. */
export interface Driven {
  /** Loads a URL, and resolves when the page has loaded. */
  goto(url: string): Promise<unknown>;
  /** Evaluates an expression that gives a promise of a text. */
  evaluate(expression: string): Promise<string>;
  close(): Promise<unknown>;
}

/** Leaves a page for the one before it, when the driver has its answer. */
export const goBack = "void setTimeout(() => history.back())";

/** Stands for undefined, which JSON does not have. */
const UNDEFINED = "\0undefined";

/** A page of any engine. */
export class Page<Drive extends Driven = Driven> {
  constructor(readonly driven: Drive) {}

  async goto(url: string): Promise<void> {
    await this.driven.goto(url);
  }

  /**
   * Evaluates an expression, or calls a function with an argument, and awaits what it gives. Argument and result travel as JSON, in every engine
   * alike: drivers differ in what they copy, and take their time for an object of a hundred thousand parts.
   */
  evaluate<Result, Argument = undefined>(
    code: (argument: Argument) => Result,
    argument?: Argument,
  ): Promise<Awaited<Result>>;
  evaluate(code: string): Promise<any>;
  async evaluate(
    code: string | ((argument: never) => unknown),
    argument?: unknown,
  ): Promise<unknown> {
    const expression =
      typeof code === "string"
        ? code
        : `(${String(code)})(${argument === undefined ? "" : JSON.stringify(argument)})`;
    const text = await this.driven.evaluate(`(async () => {
      try {
        const value = await (${expression});
        return JSON.stringify({ value }, (_, part) => (part === undefined ? ${JSON.stringify(UNDEFINED)} : part));
      } catch (error) {
        return JSON.stringify({ error: String(error), stack: error?.stack });
      }
    })()`);
    const answer = JSON.parse(text) as { value?: unknown; error?: string; stack?: string };
    if (answer.error !== undefined)
      throw new Error(`in the page: ${answer.error}\n${answer.stack}`);
    return text.includes("undefined") ? restore(answer.value) : answer.value;
  }

  /** Waits until a function of the page gives something true. */
  async waitFor(condition: () => unknown, patience = PATIENCE): Promise<void> {
    const deadline = performance.now() + patience;
    while (!(await this.evaluate(`!!(${String(condition)})()`))) {
      if (performance.now() > deadline) throw new Error(`waited in vain for ${String(condition)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    await this.driven.close();
  }
}

/** Opens pages: each gets a driver of its own, and loads its URL. */
export function opener<Drive extends Driven>(
  makeDriver: () => Promise<Drive>,
): (url: string) => Promise<Page<Drive>> {
  return async (url) => {
    const page = new Page(await makeDriver());
    await page.goto(url);
    return page;
  };
}

function restore(value: unknown): unknown {
  if (value === UNDEFINED) return undefined;
  if (Array.isArray(value)) return value.map(restore);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, restore(part)]));
}
