import { request } from "node:http";

/** The status of a request with any headers, `Host` included, which `fetch` may not set. */
export function statusOf(
  url: string,
  method: string,
  headers: Record<string, string>,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      resolve(response.statusCode);
      response.destroy();
    })
      .once("error", reject)
      .end();
  });
}
