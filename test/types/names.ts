// Names that mean something to the platform, or to JavaScript, are names of server events like any other.
import {
  json,
  ResilientEventSource,
  type ConnectionErrorEvent,
  type ConnectionOpenEvent,
} from "resilient-eventsource";
import { exactly } from "./exactly.ts";

const untyped = new ResilientEventSource("/stream");
untyped.on("open", (payload) => exactly<string>()(payload));
untyped.on("error", (payload) => exactly<string>()(payload));
untyped.on("invalid", (payload) => exactly<string>()(payload));
untyped.on("statechange", (payload) => exactly<string>()(payload));
untyped.on("constructor", (payload) => exactly<string>()(payload));
untyped.on("__proto__", (payload) => exactly<string>()(payload));
untyped.on("toString", (payload) => exactly<string>()(payload));
untyped.addEventListener("constructor", (event) => exactly<MessageEvent<string>>()(event));
untyped.addEventListener("__proto__", (event) => exactly<MessageEvent<string>>()(event));
untyped.addEventListener("open", (event) => exactly<ConnectionOpenEvent>()(event));
untyped.addEventListener("error", (event) => exactly<ConnectionErrorEvent>()(event));

const typed = new ResilientEventSource("/stream", {
  events: {
    open: json<1>(),
    error: json<2>(),
    invalid: json<3>(),
    statechange: json<4>(),
    constructor: json<5>(),
    ["__proto__"]: json<6>(),
    "a name with spaces": json<7>(),
  },
});
typed.on("open", (payload) => exactly<{ is: 1 }>()({ is: payload }));
typed.on("error", (payload) => exactly<{ is: 2 }>()({ is: payload }));
typed.on("invalid", (payload) => exactly<{ is: 3 }>()({ is: payload }));
typed.on("statechange", (payload) => exactly<{ is: 4 }>()({ is: payload }));
typed.on("constructor", (payload) => exactly<{ is: 5 }>()({ is: payload }));
typed.on("__proto__", (payload) => exactly<{ is: 6 }>()({ is: payload }));
typed.on("a name with spaces", (payload) => exactly<{ is: 7 }>()({ is: payload }));
typed.addEventListener("constructor", (event) => exactly<MessageEvent<5>>()(event));
typed.addEventListener("__proto__", (event) => exactly<MessageEvent<6>>()(event));

// DOM listeners of our own names hear the lifecycle alone, whatever a server calls its events.
typed.addEventListener("open", (event) => exactly<ConnectionOpenEvent>()(event));
typed.addEventListener("error", (event) => exactly<ConnectionErrorEvent>()(event));
typed.onopen = (event) => exactly<ConnectionOpenEvent>()(event);
// @ts-expect-error: not a message
typed.addEventListener("open", (event: MessageEvent<1>) => event.data);

const plain = new ResilientEventSource("/stream", { events: { price: Number } });
// @ts-expect-error: no decoder, so no server event of this name; the lifecycle's is for addEventListener
plain.on("open", () => undefined);
// @ts-expect-error
plain.on("__proto__", () => undefined);
// @ts-expect-error
plain.addEventListener("toString", () => undefined);
