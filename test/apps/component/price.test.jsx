import { act, render, screen } from "@testing-library/react";
import { json } from "resilient-eventsource";
import { useEventSource, useLatest } from "resilient-eventsource/react";
import { fakeStream } from "resilient-eventsource/testing";
import { expect, test } from "vitest";

const events = { price: json() };

function Price({ transport }) {
  const { source, state } = useEventSource("/prices", { events, transport });
  const price = useLatest(source, "price");
  return <p role="status">{state.status === "open" ? price?.eur : state.status}</p>;
}

test("shows the latest price, and an outage", async () => {
  const stream = fakeStream();
  const { unmount } = render(<Price transport={stream.transport} />);
  expect(screen.getByRole("status").textContent).toBe("connecting");

  await stream.requested();
  await act(() => stream.send("price", { eur: 7 }));
  await screen.findByText("7");

  await act(() => stream.drop());
  await screen.findByText("waiting");

  unmount();
  expect(stream.connected).toBe(false);
});
