import { describeAdapter } from "../support/adapters/adapter-suite.ts";

describeAdapter("Vue 3", { page: "vue" });
