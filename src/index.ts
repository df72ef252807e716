export {
  ResilientEventSource,
  type Listener,
  type ListenerObject,
  type ReconnectOptions,
  type StreamUrl,
} from "./resilient-eventsource.ts";
export { ConnectionError, type ConnectionErrorInit, type ConnectionErrorReason } from "./errors.ts";
export {
  ConnectionErrorEvent,
  ConnectionOpenEvent,
  InvalidEvent,
  type ConnectionErrorEventInit,
  type ConnectionOpenEventInit,
  type EventMeta,
  type EventName,
  type FinalErrorEvent,
  type LifecycleEventMap,
  type ListenedEvent,
  type Payload,
  type RetryingErrorEvent,
  type TypedMessageEvent,
  type Untyped,
} from "./events/lifecycle.ts";
export { json, text, type Decoder, type Decoders, type Issue } from "./events/decoders.ts";
export type { BackoffOptions, ResilientEventSourceOptions } from "./options.ts";
export type {
  ClosedState,
  ConnectingState,
  ConnectionState,
  OpenState,
  PausedState,
  Role,
  WaitingState,
} from "./connection/state.ts";
export {
  isRetried,
  type RetryFacts,
  type RetryPolicy,
  type RetryVerdict,
} from "./connection/retry.ts";
export type { OnOptions, PayloadListener } from "./events/subscriptions.ts";
export { batched, type BatchedListener } from "./events/batched.ts";
export {
  iterate,
  type IterableSource,
  type IterateOptions,
  type IteratedEvent,
} from "./events/iterate.ts";
export type { Iteration } from "./events/iteration.ts";
export { sharedTransport, type SharedOptions } from "./sharing/shared.ts";
export type { PauseReason } from "./connection/gate.ts";
export type { Resume, ResumeByQuery } from "./transport/resume.ts";
export type {
  ListenedTypes,
  OpenDetails,
  Sink,
  SourceHandle,
  TransportEventMeta,
  Transport,
  TransportAbilities,
  TransportRequest,
} from "./transport/transport.ts";
export { eventSourceTransport } from "./transport/event-source.ts";
export type { EventSourceClass, EventSourceLike } from "./transport/platform-event-source.ts";
export { fetchTransport } from "./transport/fetch.ts";
export type { FetchContext, FetchInit } from "./transport/http/request.ts";
export type { AddListenerOptions, RemoveListenerOptions } from "./events/event-target.ts";
export { polyfillTransport } from "./transport/polyfill.ts";
