import { startClusterDemo } from "../../../demo/cluster/run.mjs";

export type ClusterDemo = Awaited<ReturnType<typeof startClusterDemo>>;

/** The publisher's record of its ticks, in order. */
export interface Account {
  acknowledged: number[];
  /** A node died during each of these, so it may have been published or not. */
  unanswered: number[];
}

/** Where the search for free ports begins: somewhere else than in another run of these tests. */
export const clusterPort = 20_000 + (process.pid % 1000) * 10;

/** The demo, faster than for people. */
export async function startFastDemo(account: Account): Promise<ClusterDemo> {
  return startClusterDemo({
    port: 0,
    firstPort: clusterPort,
    interval: 20,
    settled: (n, acknowledged) =>
      void account[acknowledged ? "acknowledged" : "unanswered"].push(n),
  });
}
