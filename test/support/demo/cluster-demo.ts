import { startClusterDemo } from "../../../demo/cluster/run.mjs";

export type ClusterDemo = Awaited<ReturnType<typeof startClusterDemo>>;

/** What the publisher knows of its ticks, in their order. */
export interface Account {
  acknowledged: number[];
  /** A node died over each of these: it may have been published or not. */
  unanswered: number[];
}

/** Where free ports are looked for: somewhere else than another run of these tests does. */
export const clusterPort = 20_000 + (process.pid % 1000) * 10;

/** The demo, faster than it is for people. */
export async function startFastDemo(account: Account): Promise<ClusterDemo> {
  return startClusterDemo({
    port: 0,
    firstPort: clusterPort,
    interval: 20,
    settled: (n, acknowledged) =>
      void account[acknowledged ? "acknowledged" : "unanswered"].push(n),
  });
}
