import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { createVitest } from "vitest/node";
import type { Reporter } from "vitest/node";
import { extraTag } from "./tags.ts";
import { packageRoot } from "../../harness/base/paths.ts";

type Options = Parameters<typeof createVitest>;

/** One test's or hook's limit where the file sets none, milliseconds. */
const testTimeoutMs = 60_000;

/** vitest without a config file, a watcher or a cache: what it runs is named run by run. `dir` takes what vite writes. */
export function vitestOptions(reporter: Reporter, dir: string): [NonNullable<Options[0]> & object, object] {
  return [
    {
      root: packageRoot,
      config: false,
      watch: false,
      reporters: [reporter],
      pool: "forks",
      // Tests of one tier share one live app: side by side they would disturb one another.
      fileParallelism: false,
      setupFiles: [join(import.meta.dirname, "setup.ts")],
      include: [],
      exclude: [],
      cache: false,
      allowOnly: true,
      tags: [{ name: extraTag }],
      // A recipe's own tags are its own business.
      strictTags: false,
      passWithNoTests: true,
      testTimeout: testTimeoutMs,
      hookTimeout: testTimeoutMs,
      teardownTimeout: 1_000,
      printConsoleTrace: false,
      chaiConfig: { truncateThreshold: 0 },
      // Below a node_modules folder (a packed install) Node would be given our TypeScript as it stands.
      server: { deps: { inline: [/[\\/](tiers|extra|recipes|harness|reports)[\\/].*\.ts$/] } },
    } as NonNullable<Options[0]> & object,
    {
      configFile: false,
      envDir: false,
      logLevel: "silent",
      cacheDir: join(dir, "vite"),
      resolve: { alias: aliases() },
    },
  ];
}

/** A recipe's own repo has no node_modules: what its tests import is ours. */
function aliases(): { find: RegExp; replacement: string }[] {
  return [
    { find: /^recipe-ci\/testing$/, replacement: join(packageRoot, "tiers/testing.ts") },
    { find: /^vitest$/, replacement: fileURLToPath(import.meta.resolve("vitest")) },
  ];
}
