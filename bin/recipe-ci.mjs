// Loads the command. Plain JavaScript without top-level await, so that an old Node can read it and say what is wrong.
import { readFileSync } from "fs";
import { dirname, join, sep } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Node 22.18 is the first of its line that reads TypeScript without a flag; odd lines never get fixes. */
function isRecent(version) {
  const [major, minor] = version.split(".").map(Number);
  return (major === 22 && minor >= 18) || (major >= 24 && major % 2 === 0);
}

async function main() {
  const module = await import("module");
  module.enableCompileCache();
  // Node reads our TypeScript itself, 100 ms faster than through tsx, but refuses to below a node_modules folder.
  if (root.split(sep).includes("node_modules")) (await import("tsx/esm/api")).register();
  await import(pathToFileURL(join(root, "harness/cli.ts")).href);
}

if (isRecent(process.versions.node)) {
  // What nobody caught is the harness's fault, never the recipe's: 3, not Node's own 1.
  main().catch((error) => {
    console.error(error);
    process.exitCode = 3;
  });
} else {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies.node;
  console.error(
    `recipe-ci: Node ${process.versions.node} is too old, and the Node ${wanted} that comes with recipe-ci is not there; ` +
      `run "npm ci" in ${root} and start bin/recipe-ci, not this file`,
  );
  process.exitCode = 2;
}
