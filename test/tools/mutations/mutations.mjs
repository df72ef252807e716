/**
 * Deliberate faults, one or more changes each (see mutate.mjs for how a place is found). Tests run
 * without a type check, so `undefined` may stand for a call that is left out.
 */

const leaveOut = (find, ...within) => ({ find, within, replace: "undefined" });

/** A pattern for a piece of code that is neither an expression nor a statement. */
const part = (selector, context) => ({ pattern: { context, selector } });

/**
 * @typedef {object} Mutation
 * @property {string} breaks What it breaks, as a sentence.
 * @property {import("./mutate.mjs").Change[]} changes
 */

/** @type {readonly Mutation[]} */
export const mutations = [
  {
    breaks: "No jitter: all clients come back at the same moment",
    changes: [
      {
        find: part("object", "({ ...$OPTIONS, startingDelay })"),
        within: ["delayBefore"],
        replace: '{ ...$OPTIONS, startingDelay, jitter: "none" }',
      },
    ],
  },
  {
    breaks: "No shortest delay: a delay of 0 ms makes a hot loop",
    changes: [
      {
        find: "return $MS > $SHORTEST ? $DELAY : $SHORTEST",
        within: ["toDelay"],
        replace: "return $MS > 0 ? $DELAY : 0",
      },
    ],
  },
  {
    breaks: "A client may come back sooner than the `retry` field says",
    changes: [
      {
        find: "Math.max($RETRY || 0, $RETRY_AFTER || 0)",
        within: ["floorOf"],
        replace: "$RETRY_AFTER || 0",
      },
    ],
  },
  {
    breaks: "Retry-After is ignored",
    changes: [
      {
        find: part("pair", "({ retryAfter: $ERROR.retryAfter })"),
        within: ["Loop"],
        replace: "retryAfter: undefined",
      },
    ],
  },
  {
    breaks: "A 204 is retried",
    changes: [{ find: "$STATUS === 408", replace: "($STATUS === 204 || $STATUS === 408)" }],
  },
  {
    breaks: "close() does not end the loop",
    changes: [leaveOut("$CLOSED = true", "Loop", "close")],
  },
  {
    breaks: "A wait cannot be interrupted",
    changes: [leaveOut('$SIGNAL.addEventListener("abort", $WAKE)', "sleep")],
  },
  {
    breaks: "The attempt counter goes back to 0 as soon as a connection opens",
    changes: [
      {
        find: "$OPEN_FOR >= $SETTINGS.minUptime",
        replace: "$OPEN_FOR >= 0",
      },
    ],
  },
  {
    breaks: "A single listener with `once` is taken for one without",
    changes: [{ find: "$FIRST?.once", within: ["soleListenerOf"], replace: "false" }],
  },
  {
    breaks: "reconnect() starts a second loop next to the first",
    changes: [
      {
        find: "if ($RUNNING) { $INTERRUPT(); return; }",
        within: ["Loop", "reconnect"],
        replace: "if ($RUNNING) this.hasTwo = true;",
      },
      // Otherwise the two loops would interrupt each other for ever.
      {
        find: {
          pattern: "this.$INTERRUPT()",
          inside: { kind: "expression_statement", inside: { kind: "statement_block" } },
        },
        within: ["Loop", "_nextStep"],
        replace: "this.hasTwo || this.$INTERRUPT()",
      },
    ],
  },
  {
    breaks: "It connects while the page is frozen",
    changes: [
      {
        find: {
          all: [
            { pattern: "if ($BLOCKED) $PAUSE" },
            { has: { field: "condition", has: { kind: "identifier" } } },
            { has: { kind: "continue_statement", stopBy: "end" } },
            { not: { has: { kind: "else_clause" } } },
          ],
        },
        within: ["Loop"],
        replace: 'if ($BLOCKED === "hidden") $PAUSE',
      },
      // Otherwise the attempt would be cut short at once, for ever.
      {
        find: "$GATE.blocked !== undefined && !$UNREPEATABLE",
        within: ["Loop"],
        replace: '$GATE.blocked === "hidden"',
      },
    ],
  },
  {
    breaks: "A page that the user leaves reports an error",
    changes: [leaveOut("sleep($GATE.errorGracePeriod, $SIGNAL)")],
  },
  {
    breaks: "An attempt that has ended still delivers events",
    changes: [
      {
        find: {
          pattern: "if (!$LIVE) return",
          precedes: { stopBy: "end", has: { pattern: "event($TYPE, $DATA, $META)" } },
        },
        within: ["Attempt"],
        replace: ";",
      },
    ],
  },
  {
    breaks: "The connection of an attempt that has ended stays open",
    changes: [
      {
        find: part("object", "({ ...$REQUEST, signal })"),
        within: ["Attempt"],
        replace: "{ ...$REQUEST, signal: new AbortController().signal }",
      },
    ],
  },
  {
    breaks: "Received bytes do not count as a heartbeat",
    changes: [leaveOut("$SIGNS++", "markAlive")],
  },
  {
    breaks: "`dedupe` drops nothing",
    changes: [
      {
        find: "return $CONNECTION !== undefined && $CONNECTION !== $CURRENT",
        within: ["isRepeat"],
        replace: "return false",
      },
    ],
  },
  {
    breaks: "A listener's exception reaches the transport",
    changes: [{ find: "reportException($ERROR)", within: ["call"], replace: "throw $ERROR" }],
  },
  {
    breaks: "NaN is accepted as an option",
    changes: [
      {
        find: 'typeof $VALUE === "number" && $VALUE >= $MIN && $VALUE <= $MAX',
        replace: 'typeof $VALUE === "number" && !($VALUE < $MIN || $VALUE > $MAX)',
      },
    ],
  },
  {
    breaks: "All clients come back at the same moment after `online`",
    changes: [{ find: "Math.random() * $SPREAD", within: ["PageGate"], replace: "0 * $SPREAD" }],
  },
  {
    breaks: "A catch-up that makes no progress never ends",
    changes: [leaveOut("$DEADLINE = setTimeout($FAIL, $MS)", "CatchUp", "expectProgress")],
  },
  {
    breaks: "A follower does not know which connection of the leader brought an event",
    changes: [leaveOut("this.$OPEN({ connection })", "Sequence")],
  },
  {
    breaks: "The resume parameter is added to an older copy of itself",
    changes: [
      {
        find: "$PAIRS.filter(($PAIR) => $PAIR && !new URLSearchParams($PAIR).has($NAME))",
        replace: "$PAIRS.filter(Boolean)",
      },
    ],
  },
  {
    breaks: "An id counts before its event is complete",
    changes: [
      {
        find: "id = copyString($VALUE)",
        within: ["createParser", "setId"],
        replace: "meta = { lastEventId: $VALUE, origin }, hasMoved = true",
      },
    ],
  },
  {
    breaks: "An id keeps the chunk that it came in",
    changes: [
      {
        find: "id = copyString($VALUE)",
        within: ["createParser", "setId"],
        replace: "id = $VALUE",
      },
    ],
  },
  {
    breaks: "A CRLF that is cut in two ends two lines",
    changes: [leaveOut("endedWithCr = $AT === $TEXT.length", "createParser", "next")],
  },
  {
    breaks: "An id without data does not move the resume point",
    changes: [leaveOut("$SINK.lastEventId($$$ID)", "createParser")],
  },
  {
    breaks: "An abort is recognised by the error's name",
    changes: [
      {
        find: {
          pattern: "if (signal.aborted) return",
          inside: {
            kind: "catch_clause",
            stopBy: "end",
            inside: { kind: "try_statement", has: { kind: "for_statement", stopBy: "end" } },
          },
        },
        replace: 'if (cause.name === "AbortError") return;',
      },
    ],
  },
  {
    breaks: "The end of a body overtakes its last chunks",
    changes: [
      { find: "$READER.closed.then(nextTask)", within: ["readBody"], replace: "$READER.closed" },
    ],
  },
  {
    breaks: "A busy body waits with its large buffer",
    changes: [leaveOut("$ROOM = QUIET", "readBody", "read")],
  },
  {
    breaks: "EventSource is not closed in its first error, so its own retry runs",
    changes: [leaveOut("$SOURCE.close()", "connectByEventSource", "end")],
  },
  {
    breaks: "After a floor of the server all clients come back at the same moment",
    changes: [
      {
        find: "$JITTERED ? $FLOOR + $GROWN : Math.max($FLOOR, $GROWN)",
        replace: "Math.max($FLOOR, $GROWN)",
      },
    ],
  },
  {
    breaks: "A server that makes its clients poll is taken for one that fails",
    changes: [{ find: "if ($NAMED && $ENDED) return $POLLED", within: ["classify"], replace: ";" }],
  },
  {
    breaks: "`retry: 0` and an end make a client poll ten times a second",
    changes: [
      {
        find: "Math.max($SHORTEST, $TIME + $SPREAD)",
        within: ["delayOfPolling"],
        replace: "$TIME",
      },
    ],
  },
  {
    breaks: "A page that comes back undercuts the server's floor",
    changes: [
      {
        find: "Math.max($EARLIEST, $HURRIED + $EVERY)",
        within: ["WaitLimits"],
        replace: "$HURRIED + $EVERY",
      },
    ],
  },
  {
    breaks: "A page that comes back again and again connects each time",
    changes: [
      {
        find: "Math.max($EARLIEST, $HURRIED + $EVERY)",
        within: ["WaitLimits"],
        replace: "$EARLIEST",
      },
    ],
  },
  {
    breaks: "A pause undercuts the server's floor",
    changes: [
      {
        find: "$GATE.blocked && !$CLOSED && error.retryIn === undefined",
        within: ["Loop"],
        replace: "false",
      },
    ],
  },
  {
    breaks: "All clients of a draining server leave at the same moment",
    changes: [{ find: "Math.random() * $WITHIN", within: ["Drain"], replace: "0.5 * $WITHIN" }],
  },
  {
    breaks: "A later moment to leave a draining server replaces the earlier one",
    changes: [{ find: "if (this.$EARLIER <= $AT) return", within: ["Drain"], replace: ";" }],
  },
  {
    breaks: "A connection that drops before it is drained is drained all the same",
    changes: [leaveOut("$DRAIN?.cancel()", "Loop", "_interrupt")],
  },
  {
    breaks: "Failures count and are reported while the device is offline",
    changes: [{ find: "$OUT && !$UNREPEATABLE", within: ["classify"], replace: "false" }],
  },
  {
    breaks: "An answer of the server is not reported while the device is said to be offline",
    changes: [
      {
        find: "$NEVER && $OFFLINE && reachedNoServer($ERROR)",
        within: ["ConnectionRecord", "classify"],
        replace: "$NEVER && $OFFLINE",
      },
    ],
  },
  {
    breaks: "A server on this machine is not asked while the device is offline",
    changes: [{ find: "$OFFLINE && !isLoopback($URL)", within: ["PageGate"], replace: "$OFFLINE" }],
  },
  {
    breaks: "A proxy's 404 while the server restarts ends the stream",
    changes: [{ find: "$STATUS === 404 && $LOST < $LIMIT", replace: "false" }],
  },
  {
    breaks: "A proxy's page while the server restarts ends the stream",
    changes: [
      {
        find: part("pair", '({ "content-type": $ROW })'),
        replace: '"content-type": false',
      },
    ],
  },
  {
    breaks: "A normal end is an error",
    changes: [
      {
        find: '$END === "normal" && { expected: true }',
        within: ["ConnectionRecord"],
        replace: "{}",
      },
    ],
  },
  {
    breaks: "A POST is sent again after its connection was cut",
    changes: [leaveOut("$SINK.unrepeatable?.()", "send")],
  },
  {
    breaks: "A POST that a proxy answered with 502 is sent again",
    changes: [
      {
        find: "[408, 425, 429, 503].includes($STATUS)",
        replace: "($STATUS === 429 || $STATUS >= 500)",
      },
    ],
  },
  {
    breaks: "A hidden or frozen page gives up a request that must not be repeated",
    changes: [
      {
        find: "$GATE.blocked !== undefined && !$UNREPEATABLE",
        within: ["Loop"],
        replace: "$GATE.blocked !== undefined",
      },
    ],
  },
  {
    breaks: "A drain repeats a request that must not be repeated",
    changes: [
      { find: "if ($RECORD.$UNREPEATABLE) return", within: ["Loop", "drain"], replace: ";" },
    ],
  },
  {
    breaks: "A follower delivers events of the leader's history twice",
    changes: [
      { find: "if (!$HISTORY.has($EVENT)) $DELIVER", within: ["Sequence"], replace: "$DELIVER" },
    ],
  },
  {
    breaks: "A leader that hangs keeps the lock",
    changes: [leaveOut("$HOST.replaceLeader()", "HangDetector", "_tick")],
  },
  {
    breaks: "A follower does not notice that it missed a message",
    changes: [leaveOut("$SEQUENCE.leave()", "Follower", "receive")],
  },
  {
    breaks: "All followers that missed too much connect at once",
    changes: [{ find: "$DEADLINE = setTimeout(begin, $MS)", replace: "begin()" }],
  },
  {
    breaks: "The next leader sends a POST again",
    changes: [
      { find: "$MEMBER.isUnrepeatable", within: ["Election", "_takeOver"], replace: "false" },
    ],
  },
  {
    breaks: "A leader whose lock was stolen goes on",
    changes: [leaveOut("$LEADER?.disconnect()", "Election", "_stepDown")],
  },
  {
    breaks: "A suspect connection gets no time to show life",
    changes: [
      {
        find: "Math.max($MIN, 1.5 * $SILENCE)",
        within: ["Liveness"],
        replace: "0 * $SILENCE",
      },
    ],
  },
  {
    breaks: "Closing a batched listener's source loses what is pending",
    changes: [
      {
        find: "$CANCEL ??= nextFrame($DELIVER)",
        within: ["batched"],
        replace: "nextFrame(() => {})",
      },
    ],
  },
];
