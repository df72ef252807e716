/** How far apart the clients notice that the server is gone, in milliseconds. */
const NOTICED_WITHIN = 200;
/** Tokens of the server's bucket that may be saved up, in milliseconds of its rate: it is a queue, not a burst. */
const BURST = 100;

/**
 * Clients that lose their server at 0 ms and try to come back, millisecond by millisecond.
 *
 * @param refusal how a server that is up refuses what is too much: "closed" port or "503"; one that is down has a closed port
 * @returns attempts per second, when the clients came back, and how many never did
 */
export function simulate({ clients, down, perSecond, refusal, policy, horizon }) {
  const end = horizon * 1000;
  const first = new Int32Array(end).fill(-1);
  const next = new Int32Array(clients).fill(-1);
  const failures = new Uint16Array(clients);
  const attempts = new Uint32Array(horizon);
  const back = new Uint32Array(horizon);
  let connected = 0;
  let lost = 0;
  let during = 0;

  const schedule = (client, at) => {
    if (at >= end) return;
    next[client] = first[at];
    first[at] = client;
  };
  const fail = (client, now, how) => {
    failures[client]++;
    const delay = policy.delay(failures[client], how);
    if (delay === undefined) lost++;
    else schedule(client, now + Math.max(1, Math.round(delay)));
  };

  for (let client = 0; client < clients; client++) fail(client, Math.floor(Math.random() * NOTICED_WITHIN), "drop");

  let tokens = 0;
  for (let now = 0; now < end && connected + lost < clients; now++) {
    const up = now >= down * 1000;
    if (up) tokens = Math.min(tokens + perSecond / 1000, (perSecond / 1000) * BURST);
    for (let client = first[now]; client >= 0;) {
      const following = next[client];
      attempts[Math.floor(now / 1000)]++;
      if (!up) {
        during++;
        fail(client, now, "closed");
      } else if (tokens >= 1) {
        tokens--;
        connected++;
        back[Math.floor(now / 1000)]++;
      } else fail(client, now, refusal);
      client = following;
    }
  }
  return { attempts, back, during, lost, connected };
}

/** Seconds from the server's return until this share of the clients is back; undefined: not within the horizon. */
export function timeTo(share, { back }, clients, down) {
  let sum = 0;
  for (let second = 0; second < back.length; second++) {
    sum += back[second];
    if (sum >= clients * share) return Math.max(0, second + 1 - down);
  }
  return undefined;
}

/** The busiest second once the server is back, and the busiest of all. */
export function peaks({ attempts }, down) {
  return { back: Math.max(...attempts.slice(Math.floor(down))), all: attempts.reduce((most, count) => Math.max(most, count), 0) };
}
