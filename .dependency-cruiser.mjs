/**
 * Imports point one way: commands -> build -> {recipe, abra, watch, queue} -> swarm, with base below all of them.
 * Each rule names a folder and all that it may import of ours; what is not listed is an error.
 */
const mayImport = {
  "harness/base": [],
  "harness/swarm": ["harness/base", "reports"],
  "harness/config": ["harness/base"],
  "harness/recipe": ["harness/base", "harness/swarm", "reports"],
  "harness/abra": ["harness/base", "harness/swarm", "reports"],
  "harness/watch": ["harness/base", "harness/swarm", "reports"],
  "harness/queue": ["harness/base", "harness/swarm", "reports"],
  "harness/housekeeping": ["harness/base", "harness/config", "harness/swarm", "reports"],
  "harness/build": [
    "harness/base", "harness/config", "harness/swarm", "harness/recipe", "harness/abra", "harness/watch", "harness/queue", "harness/housekeeping", "reports", "tiers",
  ],
  // Provisioning of a machine: commands and the project's tests start it, a build only finds its result.
  "harness/machine": ["harness/base", "harness/config", "harness/swarm", "harness/housekeeping"],
  reports: ["harness/base"],
  tiers: ["harness/base", "reports"],
  recipes: ["tiers"],
  extra: ["tiers", "harness/base"],
};

const ours = "^(harness|reports|tiers|recipes|extra|test|bin)/";

const directions = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `directions-${folder.replace("/", "-")}`,
  comment: `${folder} may import ${allowed.length > 0 ? allowed.join(", ") : "nothing"} of ours`,
  severity: "error",
  from: { path: `^${folder}/` },
  to: { path: ours, pathNot: [folder, ...allowed].map((path) => `^${path}/`) },
}));

export default {
  forbidden: [
    ...directions,
    {
      name: "phase-below-the-story",
      comment: "a phase is a step of build.ts and redeploy.ts: what other files of the build share with it belongs below the phases",
      severity: "error",
      from: { path: "^harness/build/", pathNot: "^harness/build/(phases/|(build|redeploy)\\.ts$)" },
      to: { path: "^harness/build/phases/" },
    },
    {
      name: "test-is-imported",
      comment: "nothing that ships imports from test/: demo names its programs and recipes by path",
      severity: "error",
      from: { path: "^(harness|reports|tiers|recipes|extra|bin)/" },
      to: { path: "^test/" },
    },
    {
      name: "simulator-knows-the-watch",
      comment: "the simulated Swarm and its truth must not think as the watch does: only the driver knows both",
      severity: "error",
      from: { path: "^test/simulator/", pathNot: "^test/simulator/(driver\\.ts$|[^/]*\\.test\\.ts$)" },
      to: { path: "^harness/" },
    },
    {
      name: "cycle",
      comment: "no two files know each other, not even by type",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "not-found",
      comment: "an import that resolves to nothing",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no parser to offer yet; swc has, and keeps imports of types.
    parser: "swc",
    exclude: { path: "(^|/)(node_modules|out|coverage)/" },
    enhancedResolveOptions: { extensions: [".ts", ".js", ".mjs"], conditionNames: ["node", "import"], exportsFields: ["exports"] },
  },
};
