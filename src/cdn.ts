import * as exports from "./index.ts";

/** The global of the script-tag build: the class. All other exports are its static properties. */
export default Object.assign(exports.ResilientEventSource, exports);
