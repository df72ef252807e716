import { PATIENCE } from "../../patience.ts";

/** An engine's driver for a page. `Page` builds everything else on it. */
export interface Driven {
  /** Loads a URL, and resolves when the page has loaded. */
  goto(url: string): Promise<unknown>;
  /** Evaluates an expression whose value is a promise of a string. */
  evaluate(expression: string): Promise<string>;
  close(): Promise<unknown>;
}

/** Goes back to the previous page, once the driver has answered. */
export const goBack = "void setTimeout(() => history.back())";

/** Opens a dialog, once the driver has answered. */
export const hangInDialog = `void setTimeout(() => alert("this page hangs"))`;

/** Stands for undefined, which JSON does not have. */
const UNDEFINED = "\0undefined";

/** A page of any engine. */
export class Page<Drive extends Driven = Driven> {
  constructor(readonly driven: Drive) {}

  async goto(url: string): Promise<void> {
    await this.driven.goto(url);
  }

  /**
   * Evaluates an expression, or calls a function with an argument, and awaits the result. Argument
   * and result travel as JSON in every engine: drivers differ in what they copy, and are slow with
   * an object of a hundred thousand parts.
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

  /** Waits until a function of the page returns something truthy. */
  async waitFor(condition: () => unknown, patience = PATIENCE): Promise<void> {
    const deadline = performance.now() + patience;
    while (!(await this.evaluate(`!!(${String(condition)})()`))) {
      if (performance.now() > deadline)
        throw new Error(`timed out waiting for ${String(condition)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    await this.driven.close();
  }
}

/** Opens pages. Each gets a driver of its own and loads its URL. */
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
