import {
  ResilientEventSource,
  type Decoders,
  type ResilientEventSourceOptions,
  type Untyped,
} from "../../../src/index.ts";
import { fakeStream, type FakeStream } from "../../../src/testing.ts";
import { ORIGIN } from "./server.ts";
import { track } from "./world.ts";

/** A source and its fakeStream. */
export interface FakeClient<P extends object> {
  readonly source: ResilientEventSource<P>;
  readonly stream: FakeStream;
}

/**
 * Connects a source to a fakeStream; `useWorld` closes it. It retries after 1000 ms, 2000 ms, …,
 * without jitter.
 */
export async function connectFake<P extends object = Untyped>(
  events: Decoders<P> = {} as Decoders<P>,
  options: ResilientEventSourceOptions = {},
): Promise<FakeClient<P>> {
  const stream = fakeStream();
  const source = new ResilientEventSource(`${ORIGIN}/stream`, {
    transport: stream.transport,
    backoff: { jitter: "none", startingDelay: 1000 },
    ...options,
    events,
  });
  track(source);
  await stream.requested();
  return { source, stream };
}
