import { afterEach, beforeEach, expect, test } from "vitest";
import { Book, GRACE, type Trip } from "./book.ts";

let book: Book;
beforeEach(() => {
  book = new Book();
});
afterEach(() => book.stalls.stop());

const open = (member: string, role = ""): Trip =>
  book.open(new URLSearchParams({ source: "stream", member, role }));
/** The violations long after the latest connection began. */
const overlaps = (): string[] => book.overlaps(performance.now() + 2 * GRACE);

/** A moment that tells two connections apart by when they began. */
const moment = (): void => {
  const now = performance.now();
  while (performance.now() === now);
};

test("one connection, or one after the other, is right", () => {
  open("a").ended = performance.now();
  moment();
  open("a");
  expect(overlaps()).toEqual([]);
});

test("followers of one stream have connections of their own", () => {
  open("a", "leader");
  moment();
  open("b", "follower");
  expect(overlaps()).toEqual([]);
});

test("the news of an end may take a while", () => {
  open("a");
  moment();
  open("a");
  expect(book.overlaps(performance.now())).toEqual([]);
});

test.each([
  ["the same member", "a", ""],
  ["another leader", "b", "leader"],
])("two live connections: of %s", (_, member, role) => {
  open("a", role);
  moment();
  open(member, role);
  expect(overlaps()).toEqual([
    expect.stringMatching(/^a connection of a is live after \d+ ms, .* and is live, too$/),
  ]);
});

test("a later connection that has ended meanwhile is not called live", () => {
  open("a");
  moment();
  open("a").ended = performance.now();
  expect(overlaps()).toEqual([
    expect.stringMatching(/^a connection of a is live after \d+ ms, .* and has ended$/),
  ]);
});
