import { FaultServer, type FaultRequest } from "../support/server/fault-server.ts";
import type { Answer, Seen } from "./stage.ts";

/** A server that follows the instructions in a stream's URL (stage.ts). */
export async function startServer(): Promise<FaultServer> {
  const server = await FaultServer.start();
  const seen = new Map<string, Seen[]>();

  const answer: Parameters<FaultServer["serve"]>[1] = async (request, connection) => {
    const parameters = new URLSearchParams(request.query);
    const key = parameters.get("key") ?? "";
    const requests = seen.get(key) ?? [];
    seen.set(key, [
      ...requests,
      { method: request.method, headers: Object.fromEntries(request.headers) },
    ]);
    if (request.method === "OPTIONS") {
      const headers = fill(
        { "Access-Control-Allow-Headers": "{access-control-request-headers}" },
        request,
      );
      connection.head({ headers: { ...allow(request), ...headers } }).end();
      return;
    }
    const answers = JSON.parse(parameters.get("answers") ?? "[{}]") as Answer[];
    const turn =
      parameters.get("by") === "id"
        ? Number(request.headers.has("last-event-id"))
        : requests.length;
    const {
      status = 200,
      headers = {},
      body = "",
      delay = 0,
    } = answers[Math.min(turn, answers.length - 1)]!;
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    connection.head({ status, headers: fill(headers, request) });
    // Headers are Latin-1 here, so the bytes of a header return unchanged.
    connection
      .write(Buffer.from(filled(Buffer.from(body).toString("latin1"), request), "latin1"))
      .end();
  };
  server.serve("/stream", answer);
  server.serve("/frame/stream", answer);
  server.serve("/seen", ({ query, headers }, connection) => {
    const allowed = {
      "Content-Type": "application/json",
      "Access-Control-Allow-Origin": headers.get("origin") ?? "*",
    };
    connection
      .head({ headers: allowed })
      .write(JSON.stringify(seen.get(new URLSearchParams(query).get("key") ?? "") ?? []))
      .end();
  });
  return server;
}

const allow = (request: FaultRequest): Record<string, string> =>
  fill(
    { "Access-Control-Allow-Origin": "{origin}", "Access-Control-Allow-Credentials": "true" },
    request,
  );

const filled = (text: string, { headers }: FaultRequest): string =>
  text.replace(/\{([a-z-]+)\}/g, (_, name: string) => headers.get(name) ?? "");

function fill(headers: Record<string, string>, request: FaultRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, filled(value, request)]),
  );
}
