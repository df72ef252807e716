import { PATIENCE } from "../../patience.ts";

/**
 * A WebDriver session over the standard's HTTP interface, one command at a time.
 * https://www.w3.org/TR/webdriver2/
 */
export class WebDriverSession {
  private last: Promise<unknown> = Promise.resolve();
  private window: string | undefined;

  private constructor(
    private readonly address: string,
    private readonly id: string,
  ) {}

  static async start(address: string, capabilities: object): Promise<WebDriverSession> {
    const { sessionId } = (await send("POST", `${address}/session`, {
      capabilities: { alwaysMatch: capabilities },
    })) as {
      sessionId: string;
    };
    return new WebDriverSession(address, sessionId);
  }

  /** A command of the session. No other command runs at the same time. */
  command(method: string, path: string, parameters?: object): Promise<unknown> {
    return this.queue(() => send(method, `${this.address}/session/${this.id}${path}`, parameters));
  }

  /** A command to a window, which becomes the current one. */
  commandTo(window: string, method: string, path: string, parameters?: object): Promise<unknown> {
    return this.queue(async () => {
      const session = `${this.address}/session/${this.id}`;
      if (this.window !== window) {
        await send("POST", `${session}/window`, { handle: window });
        this.window = window;
      }
      return send(method, session + path, parameters);
    });
  }

  private queue<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(run);
    this.last = result.catch(() => undefined);
    return result;
  }
}

async function send(method: string, url: string, parameters?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json" },
    signal: AbortSignal.timeout(PATIENCE),
    ...(method === "POST" && { body: JSON.stringify(parameters ?? {}) }),
  });
  const { value } = (await response.json()) as { value: unknown };
  if (!response.ok) {
    const { error, message } = value as { error: string; message: string };
    throw new Error(`WebDriver, ${method} ${new URL(url).pathname}: ${error}: ${message}`);
  }
  return value;
}
