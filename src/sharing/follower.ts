import { ConnectionError } from "../errors.ts";
import type { OpenDetails, Sink } from "../transport/transport.ts";
import type { MemberHost, Membership } from "./membership.ts";
import type { Answer, LeaderMessage, StateMessage } from "./messages.ts";
import { RelayedConnection, type RelayedEvent } from "./relayed.ts";

/** A member that hears what the leader relays, for the length of one connection. */
export class Follower {
  /** When the leader connects again, in milliseconds since the epoch; 0: unknown. */
  retryAt = 0;
  private readonly _member: Membership;
  private readonly _host: MemberHost;
  private _origin = "";
  /** Whose events we hear. */
  private _leaderId = "";
  /** Whom we asked how its events continue ours, without having followed it. */
  private _queriedLeaderId = "";
  /** Whether what comes continues what we have; until then it waits. */
  private _isSynced = false;
  /** Which connection we hear, the leader's, an earlier one from its history, or our own; undefined: none yet. */
  private _heard: number | undefined;
  private _waiting: RelayedEvent[] = [];
  /** Ids that a new leader brings once more, because we were ahead of it. */
  private _repeats: string[] = [];
  private _catchingUp: AbortController | undefined;

  constructor(member: Membership, host: MemberHost, reconnectNow: boolean) {
    this._member = member;
    this._host = host;
    this._sayHello(reconnectNow);
  }

  hear(message: LeaderMessage): void {
    const { sink } = this._host;
    switch (message.kind) {
      case "activity":
        // A connection that is to bring what we miss has to show by itself that it lives.
        if (!this._catchingUp) sink.activity();
        break;
      case "retry":
        sink.retry(message.ms);
        break;
      case "events":
        if (!this._follows(message.from)) break;
        this._origin = message.origin;
        for (const event of message.events) this._receive(event);
        break;
      case "position":
        if (this._follows(message.from) && this._isSynced) this._moveTo(message.lastEventId);
        break;
      case "state":
        this._onState(message);
    }
  }

  private _sayHello(reconnectNow = false): void {
    const { id, history, names } = this._member;
    this._member.post({
      kind: "hello",
      from: id,
      lastEventId: history.lastEventId,
      names: [...names],
      reconnectNow: reconnectNow,
    });
  }

  /** Messages of two leaders may overtake each other. On a word of one that we do not follow, whoever is the leader now shall answer. */
  private _follows(from: string): boolean {
    if (from === this._leaderId) return true;
    if (from !== this._queriedLeaderId) this._sayHello();
    this._queriedLeaderId = from;
    return false;
  }

  private _onState({ from, state, lastEventId, origin, names, answer }: StateMessage): void {
    const { id } = this._member;
    // A hello that came before the leader was there to hear it.
    const unheard = this._member.names.notIn(names);
    if (unheard.length) this._member.post({ kind: "names", names: unheard });
    if (answer && answer.to !== id) return;

    if (from !== this._leaderId) {
      this._leaderId = from;
      this._isSynced = false;
      this.stop();
    }
    switch (state.status) {
      case "connecting":
        break;
      case "open":
        this._origin = origin;
        this._listen(state.connection, {
          status: state.code,
          headers: new Headers([...state.headers]),
        });
        // Whoever heard of it may have closed us.
        if (this._member.left.aborted) return;
        if (!this._isSynced && !this._catchingUp) this._sync(lastEventId, answer);
        break;
      case "failed": {
        const { message, error, retryAt } = state;
        this.retryAt = retryAt ?? 0;
        this._fail(
          new ConnectionError(message, {
            ...error,
            retryIn: retryAt && Math.max(0, retryAt - Date.now()),
          }),
        );
      }
    }
  }

  /** Says that another connection begins, or goes on: what it brings may repeat what came by the one before. */
  private _listen(connection: number, details?: OpenDetails): void {
    if (connection === this._heard) return;
    this._heard = connection;
    this._host.sink.open(details);
  }

  /** Finds out how what the leader has, everything up to `lastEventId`, continues what we have. */
  private _sync(lastEventId: string, answer: Answer | undefined): void {
    const { history } = this._member;
    const ours = history.lastEventId;
    // A leader without an id has begun anew, and will not bring what we have once more.
    const ahead = lastEventId ? history.after(lastEventId) : undefined;
    // What was relayed before this message is in it.
    this._waiting = [];
    this._repeats = [];
    if (ours === lastEventId) {
      // Nothing between us.
    } else if (!ours) {
      // From now on, as with a connection of our own; but should we take over, then from here.
      this._moveTo(lastEventId);
    } else if (ahead) {
      this._repeats = ahead.map((event) => event.lastEventId);
    } else if (answer?.after !== ours) {
      // No answer, or one to what we said before we heard more from the leader before.
      this._sayHello();
      return;
    } else if (answer.missed) {
      for (const event of answer.missed) this._deliver(event);
      this._moveTo(lastEventId);
    } else {
      this._catchUp(lastEventId);
      return;
    }
    this._isSynced = true;
  }

  private _receive(event: RelayedEvent): void {
    if (!this._isSynced) {
      this._waiting.push(event);
      // The server was faster with what we miss than the leader with what comes after it.
      if (this._catchingUp && event.lastEventId === this._member.history.lastEventId)
        this._caughtUp(this._waiting.length);
      return;
    }
    // Those that the server did not repeat, it has forgotten.
    const repeated = this._repeats.indexOf(event.lastEventId);
    this._repeats = repeated < 0 ? [] : this._repeats.slice(repeated + 1);
    if (repeated < 0) this._deliver(event);
  }

  private _deliver(event: RelayedEvent): void {
    this._listen(event.connection);
    this._member.history.add(event);
    const { type, data, lastEventId, inherited } = event;
    this._host.sink.event(type, data, {
      lastEventId,
      idInherited: inherited,
      origin: this._origin,
    });
  }

  private _moveTo(lastEventId: string): void {
    this._member.history.moveTo(lastEventId);
    this._host.sink.lastEventId(lastEventId);
  }

  /** Asks the server itself for what we miss, until the two streams meet: at the id that the leader had, or at one of those that wait. */
  private _catchUp(lastEventId: string): void {
    const { inner, request, sink } = this._host;
    const { history } = this._member;
    const connection = new RelayedConnection();
    const { signal } = (this._catchingUp = new AbortController());
    const nothing = (): void => undefined;
    const reach = (id: string): void => {
      const met = this._waiting.findIndex((event) => event.lastEventId === id);
      if (id === lastEventId || met >= 0) this._caughtUp(met + 1);
    };
    const own: Sink = {
      open: nothing,
      retry: nothing,
      activity: () => {
        if (!signal.aborted) sink.activity();
      },
      lastEventId: (id) => {
        if (signal.aborted || id === history.lastEventId) return;
        this._moveTo(id);
        reach(id);
      },
      event: (type, data, meta) => {
        if (signal.aborted) return;
        this._deliver(connection.event(type, data, meta));
        reach(meta.lastEventId);
      },
    };
    const fail = (error: unknown): void => {
      if (!signal.aborted) this._fail(error);
    };
    const run = async (): Promise<void> =>
      inner({ ...request, lastEventId: history.lastEventId, signal }, own);
    run().then(() => {
      fail(new ConnectionError("the server ended the stream", { reason: "ended" }));
    }, fail);
  }

  /** The first `repeated` of those that wait have come already. */
  private _caughtUp(repeated: number): void {
    const rest = this._waiting.slice(repeated);
    this.stop();
    this._isSynced = true;
    for (const event of rest) this._receive(event);
  }

  /** What waits comes after what is missed: both will come from the server, or from the next leader. */
  stop(): void {
    this._catchingUp?.abort();
    this._catchingUp = undefined;
    this._waiting = [];
  }

  private _fail(error: unknown): void {
    this._member.leave();
    this._host.reject(error);
  }
}
