import { any, page, testsOf, type WptTest } from "../define.ts";
import { deliveries, equal, once, stream, type Delivered } from "../stage.ts";

const HELLO = "data: hello\n\n";

function isSimple({ event }: Delivered): void {
  equal(
    [Object.hasOwn(event, "data"), event.bubbles, event.cancelable],
    [false, false, false],
    "data, bubbles, cancelable",
  );
}

/** A window of the same origin, as a frame. */
async function frame(run: (frame: Window & typeof globalThis) => Promise<void>): Promise<void> {
  const element = document.createElement("iframe");
  element.src = `/frame${location.pathname}${location.search}`;
  const loaded = new Promise((resolve) => element.addEventListener("load", resolve));
  document.body.append(element);
  await loaded;
  try {
    await run(element.contentWindow as Window & typeof globalThis);
  } finally {
    element.remove();
  }
}

const closeInOpen: WptTest["run"] = async (open) => {
  const source = open(stream(HELLO));
  const states = await new Promise<number[]>((resolve) => {
    source.onopen = () => {
      const before = source.readyState;
      source.close();
      resolve([before, source.readyState]);
    };
  });
  equal(states, [1, 2], "readyState before and after");
};

/** Opening, receiving, closing, reconnecting. */
export const connection: WptTest[] = [
  any("eventsource-onopen.any.js", (test) => {
    test("open is a simple event, and readyState is OPEN by then", async (open) => {
      const source = open(stream(HELLO));
      const delivered = await new Promise<Delivered>((resolve) => {
        source.onopen = (event) =>
          resolve({ event: event as MessageEvent, readyState: source.readyState });
      });
      equal(delivered.readyState, 1, "readyState");
      isSimple(delivered);
    });
  }),
  any("eventsource-onmessage.any.js", (test) => {
    test("onmessage", async (open) => {
      const source = open(stream(HELLO));
      const event = await new Promise<MessageEvent>((resolve) => (source.onmessage = resolve));
      equal(event.data, "hello", "data");
    });
  }),
  any("eventsource-onmessage-trusted.any.js", (test) => {
    test("messages are trusted", async (open) => {
      equal((await once(open(stream(HELLO)), "message")).event.isTrusted, true, "isTrusted");
    });
  }),
  page("eventsource-onmessage-realm.htm", (test) => {
    test("a message is of the realm of its source", (open) =>
      frame(async (frame) => {
        const { event } = await once(open(stream(HELLO), undefined, frame.EventSource), "message");
        equal(event.constructor === frame.MessageEvent, true, "of the frame's MessageEvent");
      }));
  }),
  any("eventsource-eventtarget.any.js", (test) => {
    test("addEventListener, and `this` in the listener", async (open) => {
      const source = open(stream(HELLO));
      const self = await new Promise<EventSource>((resolve) => {
        source.addEventListener("message", function () {
          resolve(this);
        });
      });
      equal(self === source, true, "this is the source");
    });
  }),
  page("eventsource-readyState.html", (test) => {
    test("CONNECTING, OPEN, CLOSED", async (open) => {
      const source = open(stream(HELLO));
      const states = [source.readyState, (await once(source, "open")).readyState];
      source.close();
      equal([...states, source.readyState], [0, 1, 2], "readyState");
    });
  }),
  page("eventsource-close.window.js", (test) => {
    test("close() in onopen", closeInOpen);
    test("reconnects after each end, until it is told to stop", async (open) => {
      const answers = [
        { body: "retry: 2\ndata: opened\n\n" },
        { body: "data: reconnected\n\n" },
        { status: 204 },
      ];
      const next = deliveries(open(stream(answers)), "message", "error");
      const got: unknown[] = [];
      for (let count = 1; count <= 5; count++) {
        const { event, readyState } = await next();
        got.push(event.type === "error" ? readyState : event.data);
      }
      equal(got, ["opened", 0, "reconnected", 0, 2], "data, and readyState in errors");
    });
  }),
  testsOf("shared-worker/eventsource-close.htm", ["shared worker"], (test) =>
    test("close() in onopen", closeInOpen),
  ),
  testsOf("dedicated-worker/eventsource-close2.htm", ["dedicated worker"], (test) => {
    test(
      "a source that is made after the worker closed itself is CONNECTING",
      (open) => {
        // The worker runs no further task. The rest of this one is enough to tell the runner.
        close();
        equal(open(stream(HELLO)).readyState, 0, "readyState");
      },
      { alone: true },
    );
  }),
  page("eventsource-reconnect.window.js", (test) => {
    test("without an event in between", async (open) => {
      const { event } = await once(
        open(stream([{ body: "retry: 2\n" }, { body: HELLO }])),
        "message",
      );
      equal(event.data, "hello", "data");
    });
    test("an error while it reconnects", async (open) => {
      const next = deliveries(
        open(stream([{ body: "retry: 2\ndata: ok\n\n" }, { body: HELLO }])),
        "message",
        "error",
      );
      const got: unknown[] = [];
      for (let count = 1; count <= 3; count++) {
        const { event, readyState } = await next();
        got.push(event.type === "error" ? readyState : event.data);
      }
      equal(got, ["ok", 0, "hello"], "data, and readyState in errors");
    });
  }),
  page("eventsource-constructor-url-multi-window.htm", (test) => {
    test("a relative URL is resolved against the document of the class", (open) =>
      frame(async (frame) => {
        // The frame's document is in another folder, so this is `/frame/…` there.
        const source = open(stream(HELLO).slice(1), undefined, frame.EventSource);
        equal(new URL(source.url).pathname, "/frame/stream", "path");
        const { event } = await deliveries(source, "open", "error")();
        equal(event.type, "open", "event");
      }));
  }),
  page("eventsource-constructor-document-domain.window.js", (test) => {
    test(
      "document.domain was set",
      async (open) => {
        // oxlint-disable-next-line typescript/no-deprecated, no-self-assign -- it is what is tested
        document.domain = document.domain;
        const delivered = await once(open(stream(HELLO)), "open");
        equal(delivered.readyState, 1, "readyState");
        isSimple(delivered);
      },
      { alone: true },
    );
  }),
  // There are files for both kinds of workers, too.
  any("eventsource-constructor-non-same-origin.window.js", (test) => {
    for (const url of [
      "ftp://example.invalid/",
      "about:blank",
      "mailto:nobody@example.invalid",
      "javascript:alert('no')",
    ]) {
      test(`a URL that is not to be had: ${url}`, async (open) => {
        const { event, readyState } = await deliveries(open(url), "open", "message", "error")();
        equal(
          [event.type, readyState, Object.hasOwn(event, "data")],
          ["error", 2, false],
          "event, readyState, data",
        );
      });
    }
  }),
].flat();
