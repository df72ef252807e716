import { describeAdapter } from "../support/adapter-suite.ts";

describeAdapter("Vue 3", { page: "vue" });
