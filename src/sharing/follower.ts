import { ConnectionError } from "../errors.ts";
import { LONGEST_DELAY } from "../util/sleep.ts";
import { HangDetector } from "./hang-detector.ts";
import type { Membership, TransportCall } from "./membership.ts";
import type { LeaderMessage, LeaderState, StateMessage } from "./messages.ts";
import { Sequence } from "./sequence.ts";

/** After this long (ms) without an answer, hello is repeated when the leader sends a message. */
const HELLO_AGAIN = 1000;
/** The shortest wait that a leader can impose (ms). */
const SHORTEST_WAIT = 100;

/** The arguments of one connection, and what the member adds for its follower. */
export interface FollowerHost extends TransportCall {
  /** The name of the lock. */
  readonly lock: string;
  /** The leader does not answer. */
  replaceLeader(): void;
}

/** A member that delivers what the leader relays, for the length of one connection. */
export class Follower {
  private readonly _member: Membership;
  private readonly _host: FollowerHost;
  private readonly _hangDetector: HangDetector;
  private readonly _sequence: Sequence;
  /** The leader whose events we deliver, and the number of its next message. */
  private _leaderId = "";
  private _nextNumber = 0;
  private _saidHelloAt = 0;

  constructor(member: Membership, host: FollowerHost, reconnectNow: boolean) {
    this._member = member;
    this._host = host;
    this._sequence = new Sequence(member.history, {
      ...host,
      fail: (error) => this._fail(error),
    });
    this._hangDetector = new HangDetector({
      lock: host.lock,
      ask: () => member.post({ kind: "ping" }),
      replaceLeader: () => host.replaceLeader(),
    });
    this._sayHello(reconnectNow);
  }

  receive(message: LeaderMessage): void {
    const { _sequence: sequence } = this;
    const { sink } = this._host;
    this._hangDetector.markAlive();
    const isKnown = message.from === this._leaderId;
    if (isKnown && message.number !== this._nextNumber) {
      // We missed a message, perhaps with events.
      sequence.leave();
      this._saidHelloAt = -Infinity;
    }
    this._nextNumber = message.number + 1;
    if (message.kind === "state") {
      this._onState(message);
      return;
    }
    // A new leader starts with its state, and answers our hello with it. If we missed the state, or
    // the leader missed our hello, say hello again.
    const isJoined = isKnown && sequence.isJoined;
    if (!isJoined && performance.now() - this._saidHelloAt > HELLO_AGAIN) this._sayHello();
    if (!isKnown) return;
    switch (message.kind) {
      case "activity":
        sink.activity();
        break;
      case "retry":
        sink.retry(message.ms);
        break;
      case "events":
        for (const event of message.events) sequence.receive(event);
        break;
      case "lastEventId":
        sequence.moveTo(message.lastEventId);
        break;
      case "pong":
    }
  }

  stop(): void {
    this._hangDetector.stop();
    this._sequence.stop();
  }

  private _sayHello(reconnectNow = false): void {
    const { id, history, names } = this._member;
    this._saidHelloAt = performance.now();
    this._member.post({
      kind: "hello",
      from: id,
      lastEventId: history.lastEventId,
      names: [...names],
      reconnectNow,
    });
  }

  private _onState({ from, state, lastEventId, names, answer }: StateMessage): void {
    const { _sequence: sequence, _member: member } = this;
    // A new leader does not know the names of a hello that was sent before it existed.
    const missing = member.names.notIn(names);
    if (missing.length) member.post({ kind: "names", names: missing });
    if (answer && answer.to !== member.id) return;

    if (from !== this._leaderId) {
      this._leaderId = from;
      sequence.leave();
    }
    if (answer) sequence.holdSticky(answer.sticky);
    member.isUnrepeatable = state.isUnrepeatable;
    if (state.isUnrepeatable) this._host.sink.unrepeatable?.();
    switch (state.status) {
      case "connecting":
        break;
      case "open":
        sequence.open({
          status: state.code,
          headers: new Headers([...state.headers]),
          connection: state.connection,
        });
        if (!sequence.join(lastEventId, answer)) this._sayHello();
        break;
      case "failed":
        this._fail(toError(state));
    }
  }

  private _fail(error: unknown): void {
    this.stop();
    this._host.reject(error);
  }
}

/** The leader's error, and its decision about it: when to retry, or not to (Infinity). */
function toError({ error, retryAt }: Extract<LeaderState, { status: "failed" }>): ConnectionError {
  const { message, reason, status, retryAfter } = error;
  const wait = (retryAt ?? Infinity) - Date.now();
  return new ConnectionError(message, {
    reason,
    status,
    retryAfter,
    retryIn: wait < Infinity ? Math.min(Math.max(wait, SHORTEST_WAIT), LONGEST_DELAY) : wait,
  });
}
