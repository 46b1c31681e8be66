/** Mutation testing of what decides: `npm run mutation`, or `npm run mutation -- --mutate harness/watch/policy/streaks.ts`. */
export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  mutate: ["harness/watch/policy.ts", "harness/watch/history.ts", "harness/watch/policy/**/*.ts"],
  coverageAnalysis: "perTest",
  // What runs once for all tests, when a file is loaded: each such mutant would need all of them.
  ignoreStatic: true,
  // The machine has two cores, and others use it.
  concurrency: 2,
  // A busy neighbour must not look like a mutant that never ends.
  timeoutFactor: 4,
  // Stryker would read tsconfig.json with the compiler's JavaScript interface, which TypeScript 7 does not have.
  tsconfigFile: "none",
  tempDirName: "out/mutation",
  cleanTempDir: "always",
  reporters: ["progress-append-only", "clear-text", "json"],
  warnings: { slow: false },
  jsonReporter: { fileName: "out/mutation.json" },
  clearTextReporter: { logTests: false, allowColor: false },
  thresholds: { high: 95, low: 90, break: 90 },
  ignorePatterns: ["out", "coverage"],
};
