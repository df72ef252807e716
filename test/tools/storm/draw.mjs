import { chart } from "./chart.mjs";
import { PER_SECOND, policiesOf } from "./measure.mjs";
import { simulate } from "./simulate.mjs";

/**
 * The clients in the chart, by the beginnings of their names: ours, and one of every kind of rule.
 */
const CHARTED = [
  "resilient-eventsource",
  "resilient-eventsource, told",
  "native EventSource (Chrome",
  "@microsoft/fetch-event-source",
  "launchdarkly-eventsource (backoff",
];

/** The text of storm.svg. `library` is the bundle of library.mjs. */
export function drawChart(library) {
  const scenario = { clients: 100_000, down: 5, refusal: "closed", perSecond: PER_SECOND };
  const policies = policiesOf(library);
  const curves = CHARTED.map((start) => {
    const policy = policies.find(
      ({ name }) => name.startsWith(start) && (start !== CHARTED[0] || name === start),
    );
    return {
      name: policy.name.split(";")[0].replaceAll("`", ""),
      storm: simulate({ ...scenario, policy }),
    };
  });
  return chart(curves, scenario);
}
