/**
 * The key of a member that only our class has. It marks the class, and gives our own functions
 * access to a source. Copies of the package, such as its ES module and its CommonJS file, share it.
 */
export const BRAND: unique symbol = Symbol.for("resilient-eventsource");
