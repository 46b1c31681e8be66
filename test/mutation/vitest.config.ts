import { defineConfig } from "vitest/config";

/** Stryker's runner takes a config of one project: what tests the history and the policy, and nothing else. */
export default defineConfig({
  test: {
    include: ["test/unit/watch/{policy,edges,parts,history,history-*,words,reasons,lines,properties,rules-*,standing-*,blame,evidence,verdict}.test.ts", "test/simulator/few.test.ts"],
    testTimeout: 30_000,
  },
});
