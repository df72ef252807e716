// Imported before the package, to detect side effects of importing the package.
let touched = 0;
for (const name of ["addEventListener", "setTimeout", "setInterval", "queueMicrotask", "fetch"]) {
  const original = globalThis[name];
  globalThis[name] = (...args) => {
    touched++;
    return original.apply(globalThis, args);
  };
}
const before = Reflect.ownKeys(globalThis).join();

/** Returns true unless a listener, a timer, a fetch or a global was added since. */
export function untouched() {
  return touched === 0 && Reflect.ownKeys(globalThis).join() === before;
}
