// Imported before the package: everything that it could do to the worker by being imported.
let touched = 0;
for (const name of ["addEventListener", "setTimeout", "setInterval", "queueMicrotask", "fetch"]) {
  const original = globalThis[name];
  globalThis[name] = (...args) => {
    touched++;
    return original.apply(globalThis, args);
  };
}
const before = Reflect.ownKeys(globalThis).join();

/** Whether nobody has listened, waited, fetched, or added a global since. */
export function untouched() {
  return touched === 0 && Reflect.ownKeys(globalThis).join() === before;
}
