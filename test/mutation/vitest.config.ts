import { defineConfig } from "vitest/config";

/** Stryker's runner takes a config of one project: what tests the history and the policy, and nothing else. */
export default defineConfig({
  test: {
    include: ["test/unit/watch/{policy,edges,parts,history,history-edges,words,reasons,lines,properties,rules-*}.test.ts", "test/simulator/few.test.ts"],
    testTimeout: 30_000,
  },
});
