import { ours, peers } from "./policies.mjs";
import { peak, simulate, timeTo } from "./simulate.mjs";

/**
 * Connections that the server takes a second, for any number of clients: with ten times as many it
 * needs ten times as long.
 */
export const PER_SECOND = 2000;
/** Retry-After of a 503, in milliseconds. */
export const RETRY_AFTER = 5000;

/** @typedef {Omit<import("./simulate.mjs").StormOptions, "policy" | "perSecond">} Scenario */

/**
 * Every outage of the storm, for so many clients.
 *
 * @returns {Scenario[]}
 */
export function scenarios(clients) {
  return [0, 5, 30, 300].flatMap((down) =>
    ["closed", "503"].map((refusal) => ({ clients, down, refusal })),
  );
}

/** The clients of the tables, ours first. `library` is the bundle of library.mjs. */
export function policiesOf(library) {
  return [
    { ...ours(library, "resilient-eventsource", { retryAfter: RETRY_AFTER }), own: true },
    {
      ...ours(library, "resilient-eventsource, told `retry: 30000` before", {
        retryAfter: RETRY_AFTER,
        reconnectionTime: 30_000,
      }),
      own: true,
    },
    ...peers,
  ];
}

/**
 * A restart that is planned: the successor is there when the server goes.
 *
 * @returns {Scenario}
 */
export const plannedRestart = (clients) => ({ clients, down: 0, refusal: "closed" });

/**
 * The announcements before a planned restart. A `retry` field reaches clients over fetch only,
 * which is no first connection of the default transport.
 */
export function toldPoliciesOf(library) {
  const [untold, told] = policiesOf(library);
  return [
    { ...untold, name: "told nothing; or `retry: 30000`, on first connections by EventSource" },
    {
      ...told,
      name: "told `retry: 30000`, half of them over fetch",
      delay: (loss) => (loss.client % 2 ? told : untold).delay(loss),
    },
    { ...told, name: "told `retry: 30000`, all over fetch" },
    { ...untold, name: "told 60 s before, `reconnect({ within: 50000 })`", drainWithin: 50_000 },
  ].map((policy) => ({ ...policy, own: true }));
}

/**
 * One row of a table: all measurements of one client in one scenario.
 *
 * @param {Scenario} scenario
 */
export function measure(scenario, policy) {
  const { clients, down } = scenario;
  const run = simulate({ ...scenario, perSecond: PER_SECOND, policy });
  return {
    peak: peak(run, down),
    whileDown: run.attemptsWhileDown / clients,
    times: [0.5, 0.99, 1].map((share) => timeTo(share, run, down)),
    lost: run.lost,
  };
}

/**
 * The rows of a scenario, in the order of the policies. While no server answers, a wrapper of the
 * browser's EventSource behaves like that.
 */
export function measureAll(scenario, policies) {
  const native = policies.find(({ name }) => name.startsWith("native"));
  let natively;
  return policies.map((policy) => {
    const row =
      scenario.refusal === "closed" && policy.overNative ? natively : measure(scenario, policy);
    if (policy === native) natively = row;
    return row;
  });
}
