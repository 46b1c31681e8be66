import { defineConfig } from "vitest/config";

/** Stryker's runner takes a config of one project: the pure tests of the watch. */
export default defineConfig({
  test: {
    include: ["test/unit/watch/*.test.ts"],
    exclude: ["test/unit/**/*.process.test.ts"],
    testTimeout: 30_000,
  },
});
