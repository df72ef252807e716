// One connection for all tabs: the options of `sharedTransport`.
import {
  fetchTransport,
  ResilientEventSource,
  sharedTransport,
  type SharedOptions,
  type Transport,
} from "resilient-eventsource";
import { exactly } from "./exactly.ts";

exactly<Transport>()(sharedTransport());
exactly<Transport>()(sharedTransport(undefined, {}));
exactly<Transport>()(sharedTransport(fetchTransport(), { key: "a", sticky: ["snapshot"] }));
new ResilientEventSource("/stream", { transport: sharedTransport() });

declare const options: SharedOptions;
exactly<string | undefined>()(options.key);
exactly<readonly string[] | undefined>()(options.sticky);

// As with every option, undefined is the default.
sharedTransport(undefined, { key: undefined, sticky: undefined });
sharedTransport(undefined, { sticky: [] });
const names = ["snapshot", "settings"] as const;
sharedTransport(undefined, { sticky: names });
declare const frozen: readonly string[];
sharedTransport(undefined, { sticky: frozen });

// @ts-expect-error one name is an array of one name, too
sharedTransport(undefined, { sticky: "snapshot" });
// @ts-expect-error a set has no order
sharedTransport(undefined, { sticky: new Set(["snapshot"]) });
// @ts-expect-error names are strings
sharedTransport(undefined, { sticky: [1] });
// @ts-expect-error
sharedTransport(undefined, { sticky: true });
// @ts-expect-error
sharedTransport(undefined, { sticky: null });
// @ts-expect-error a key is a string: two objects are never the same
sharedTransport(undefined, { key: {} });
// @ts-expect-error
sharedTransport(undefined, { key: 7 });
// @ts-expect-error there is no such option
sharedTransport(undefined, { stick: ["snapshot"] });
// @ts-expect-error the options come second
sharedTransport({ sticky: ["snapshot"] });
// @ts-expect-error read only: it is read once
options.sticky?.push("more");
