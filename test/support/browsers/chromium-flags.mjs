/**
 * The flags of every Chromium in the tests and the bench: it runs as root, draws nothing, and makes
 * no connections of its own.
 */
export const chromiumFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
