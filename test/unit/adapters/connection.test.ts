// @vitest-environment jsdom
import { renderHook } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { effectScope } from "vue";
import { connect } from "../../../src/adapters/connection.ts";
import { useEventSource as useInReact } from "../../../src/adapters/react.ts";
import { eventSource } from "../../../src/adapters/svelte.ts";
import { useEventSource as useInVue } from "../../../src/adapters/vue.ts";
import { fakeStream } from "../../../src/testing.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const url = "https://a.example/stream";
const events = { price: (text: string) => Number(text) };
type Options = Parameters<typeof connect<{ price: number }>>[1];

/** Each makes a source, and returns what ends it. */
const adapters: Record<string, (options: Options) => () => void> = {
  "connect, which all of them use": (options) => {
    const source = connect(url, options, () => undefined);
    return () => source.close();
  },
  React: (options) => renderHook(() => useInReact(url, { ...options, key: "user 7" })).unmount,
  Vue: (options) => {
    const scope = effectScope();
    scope.run(() => useInVue(url, options));
    return () => scope.stop();
  },
  Svelte: (options) => eventSource(url, options).subscribe(() => undefined),
};

test.each(Object.entries(adapters))(
  "%s takes `on` and `key` out before the options are checked",
  async (_, use) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { transport, ...stream } = fakeStream();
    const price = vi.fn();
    const end = use({ transport, events, on: { price } });
    await stream.requested();
    stream.open();
    stream.send("price", "7");
    await expect.poll(() => price).toHaveBeenCalledWith(7, expect.anything());
    end();
    expect(warn).not.toHaveBeenCalled();
  },
);
