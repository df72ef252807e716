import * as exports from "./index.ts";

/** For a script tag: one global, the class, with everything else that the package exports as its static properties. */
export default Object.assign(exports.ResilientEventSource, exports);
