// The storm, simulated: clients lose their server at 0 ms and come back as their policy says.
//
//   const storm = startStorm({ clients: 1000, down: 5, perSecond: 20, refusal: "closed", policy });
//   storm.advance(16);     // this many simulated milliseconds
//   storm.status[7];       // the status of client 7: WAITING, BACK or LOST
//   storm.back; storm.lost; storm.attempts;   // counts so far
//
// The option `onAttempt(client, outcome)` is called for every attempt. `simulate(options)` runs a
// storm to its end; `peak` and `timeTo` read the result. The same options give the same storm.
// `Policy` below describes a policy; policies.mjs has those of this library and of its peers.

/**
 * @typedef {"drop" | "closed" | "503" | "cut"} Refusal How a client lost: the drop that begins the
 *   storm, a closed port, HTTP 503, or a connection that opened and was cut `CUT_AFTER` ms later.
 *
 * @typedef {object} Loss The information for a policy. One object serves all clients: read it, do
 *   not keep it.
 * @property {number} failures How many connections in a row have failed, this one included.
 * @property {number} rejections The 503s since the last opening.
 * @property {Refusal} refusal How this connection failed.
 * @property {number} previous The client's last wait in milliseconds; 0 before its first.
 * @property {number} client The client's number, for policies that not all clients follow.
 *
 * @typedef {object} Policy
 * @property {string} name
 * @property {(loss: Loss) => number | undefined} delay Milliseconds to wait; undefined: the client
 *   gives up for good. Draws from `Math.random`.
 * @property {number} [minUptime] How many milliseconds a connection must have been open to set
 *   `failures` back to 0. Default Infinity: never. 0: every opening does.
 * @property {number} [drainWithin] The clients are told before the server goes: each leaves at a
 *   random moment within this many milliseconds, and only its later attempts ask `delay`. Default
 *   undefined: all are cut at 0 ms.
 *
 * @typedef {object} StormOptions
 * @property {number} clients
 * @property {number} down Seconds for which the server is down.
 * @property {number} perSecond Connections a second that it takes once it is back.
 * @property {Exclude<Refusal, "drop">} refusal How it refuses a client that is too much for it.
 * @property {"closed" | "cut"} [absence] While it is down, its port is closed, or a proxy in front
 *   of it accepts and cuts. Default "closed".
 * @property {Policy} policy
 * @property {number} [seed]
 * @property {number} [refusalCost] The server's cost of a refusal, as a share of the cost of a
 *   connection. Default 0.
 * @property {readonly [number, number]} [roundTrip] Each client draws its own round trip once,
 *   evenly from this range of milliseconds. Default [10, 200]: otherwise clients with a fixed delay
 *   would stay in step for ever, which is unfair to them.
 * @property {number} [horizon] Seconds after which the simulation ends. Default: the outage, plus
 *   four times the lower bound, plus ten minutes.
 * @property {(client: number, outcome: "back" | Refusal) => void} [onAttempt]
 */

import { seeded } from "../../support/seeded.mjs";

export const WAITING = 0;
export const BACK = 1;
export const LOST = 2;

/** The width of the bins in which attempts and returns are counted, in milliseconds. */
export const BIN = 100;
/**
 * How far, in milliseconds of its rate, the server may be ahead or, with `refusalCost`, behind: a
 * short queue, not a burst.
 */
const QUEUE = 100;
/** How long a connection lives that is cut after it opened, in milliseconds. */
const CUT_AFTER = 1000;

/** The layout of a client's record. */
const [NEXT, FAILURES, PREVIOUS, TRIP] = [0, 1, 2, 3];
const SIZE = 4;

/** @param {StormOptions} options */
export function startStorm(options) {
  const {
    clients,
    down,
    perSecond,
    refusal,
    policy,
    absence = "closed",
    seed = 1,
    refusalCost = 0,
    roundTrip = [10, 200],
    onAttempt,
  } = options;
  const { minUptime = Infinity } = policy;
  const end = 1000 * (options.horizon ?? down + (4 * clients) / perSecond + 600);
  const random = seeded(seed);

  const status = new Uint8Array(clients);
  // One record per client, so that an attempt costs one cache miss instead of five with a million
  // of them.
  const records = new Int32Array(clients * SIZE);
  const rejections = new Uint16Array(clients);
  // For every millisecond, the first client to arrive; NEXT of each is the one after it.
  const first = new Int32Array(end).fill(-1);
  /** @type {Loss} */
  const loss = { failures: 0, rejections: 0, refusal: "drop", previous: 0, client: 0 };

  const storm = {
    now: 0,
    status,
    /** Counts of clients; the others still try. */
    back: 0,
    lost: 0,
    attempts: 0,
    /** Attempts made while the server was down. */
    attemptsWhileDown: 0,
    /** Attempts, and clients that came back, per `BIN`. */
    attemptsPerBin: new Uint32Array(Math.ceil(end / BIN)),
    backPerBin: new Uint32Array(Math.ceil(end / BIN)),
    advance,
    /**
     * True if nothing will happen any more: all clients are back or lost, or the horizon is
     * reached.
     */
    get over() {
      return storm.back + storm.lost === clients || storm.now >= end;
    },
  };

  /** @param {Refusal} how */
  function fail(client, at, how) {
    const record = client * SIZE;
    if (how === "cut") rejections[client] = 0;
    if (how === "503") rejections[client]++;
    records[record + FAILURES] =
      how === "cut" && CUT_AFTER >= minUptime ? 1 : records[record + FAILURES] + 1;
    loss.failures = records[record + FAILURES];
    loss.rejections = rejections[client];
    loss.previous = records[record + PREVIOUS];
    loss.refusal = how;
    loss.client = client;
    const delay = policy.delay(loss);
    if (delay === undefined) {
      status[client] = LOST;
      storm.lost++;
      return;
    }
    records[record + PREVIOUS] = delay;
    // The failure reaches the client after half a round trip, and its next attempt needs the other
    // half to reach the server.
    const arrival =
      at +
      Math.max(1, records[record + TRIP] + Math.round(delay) + (how === "cut" ? CUT_AFTER : 0));
    arrive(client, arrival);
  }

  function arrive(client, at) {
    if (at >= end) return;
    records[client * SIZE + NEXT] = first[at];
    first[at] = client;
  }

  const perMillisecond = perSecond / 1000;
  let tokens = 0;
  function advance(ms) {
    withRandom(random, () => {
      for (
        const until = Math.min(storm.now + ms, end);
        storm.now < until && !storm.over;
        storm.now++
      )
        step(storm.now);
    });
  }

  function step(now) {
    const up = now >= down * 1000;
    if (up) tokens = Math.min(tokens + perMillisecond, perMillisecond * QUEUE);
    const bin = Math.floor(now / BIN);
    let client = first[now];
    while (client >= 0) {
      const following = records[client * SIZE + NEXT];
      storm.attempts++;
      storm.attemptsPerBin[bin]++;
      if (!up) storm.attemptsWhileDown++;
      if (up && tokens >= 1) {
        tokens--;
        status[client] = BACK;
        storm.back++;
        storm.backPerBin[bin]++;
        onAttempt?.(client, "back");
      } else {
        if (up) tokens = Math.max(tokens - refusalCost, -perMillisecond * QUEUE);
        const how = up ? refusal : absence;
        onAttempt?.(client, how);
        fail(client, now, how);
      }
      client = following;
    }
  }

  withRandom(random, () => {
    const [shortest, longest] = roundTrip;
    for (let client = 0; client < clients; client++) {
      records[client * SIZE + TRIP] = shortest + random() * (longest - shortest);
      if (policy.drainWithin === undefined) fail(client, 0, "drop");
      else arrive(client, Math.floor(random() * policy.drainWithin));
    }
  });
  return storm;
}

/**
 * Runs a whole storm.
 *
 * @param {StormOptions} options
 */
export function simulate(options) {
  const storm = startStorm(options);
  storm.advance(Infinity);
  return storm;
}

/**
 * The largest number of attempts within one second, from `after` seconds on.
 *
 * @param {{ attemptsPerBin: Uint32Array }} storm
 */
export function peak({ attemptsPerBin }, after = 0) {
  const width = 1000 / BIN;
  let within = 0;
  let most = 0;
  for (
    let bin = Math.floor((after * 1000) / BIN), start = bin;
    bin < attemptsPerBin.length;
    bin++
  ) {
    within += attemptsPerBin[bin] - (bin - start >= width ? attemptsPerBin[bin - width] : 0);
    most = Math.max(most, within);
  }
  return most;
}

/**
 * Seconds from the server's return until this share of all clients is back; undefined if it never
 * was.
 *
 * @param {{ backPerBin: Uint32Array, status: Uint8Array }} storm
 */
export function timeTo(share, { backPerBin, status }, down) {
  let sum = 0;
  for (let bin = 0; bin < backPerBin.length; bin++) {
    sum += backPerBin[bin];
    if (sum >= status.length * share) return Math.max(0, ((bin + 1) * BIN) / 1000 - down);
  }
  return undefined;
}

/**
 * Runs `task`, which must be synchronous, with `random` as Math.random, the only randomness that
 * exponential-backoff uses.
 */
function withRandom(random, task) {
  const original = Math.random;
  Math.random = random;
  try {
    task();
  } finally {
    Math.random = original;
  }
}
