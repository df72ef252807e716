import { ResilientEventSource } from "resilient-eventsource";

export const source: EventTarget = new ResilientEventSource("/stream");
