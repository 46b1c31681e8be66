import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise } from "dependency-cruiser";
import { expect, test } from "vitest";
import extractDepcruiseOptions from "dependency-cruiser/config-utl/extract-depcruise-options";
import { packageRoot } from "../../../harness/base/paths.ts";

const own = { "harness/base/b.ts": "export type B = number;", "harness/swarm/s.ts": "export const s = 1;" };

const options = await extractDepcruiseOptions(join(packageRoot, ".dependency-cruiser.mjs"));

const cases: [string, Record<string, string>, string | null][] = [
  ["build knows swarm", { "harness/build/a.ts": `import { s } from "../swarm/s.ts"; export const a = s;` }, null],
  ["swarm does not know build", { "harness/build/a.ts": "export const a = 1;", "harness/swarm/x.ts": `import { a } from "../build/a.ts"; export const x = a;` }, "directions-harness-swarm"],
  ["not even by type", { "harness/build/a.ts": "export type A = 1;", "harness/swarm/x.ts": `import type { A } from "../build/a.ts"; export const x: A = 1;` }, "directions-harness-swarm"],
  ["nor lazily", { "harness/build/a.ts": "export const a = 1;", "harness/swarm/x.ts": `export const x = () => import("../build/a.ts");` }, "directions-harness-swarm"],
  ["watch does not know recipe", { "harness/recipe/r.ts": "export const r = 1;", "harness/watch/w.ts": `export * from "../recipe/r.ts";` }, "directions-harness-watch"],
  ["build does not provision machines", { "harness/machine/m.ts": "export const m = 1;", "harness/build/a.ts": `import "../machine/m.ts";` }, "directions-harness-build"],
  ["a phase is told by the story", { "harness/build/phases/p.ts": "export const p = 1;", "harness/build/build.ts": `import "./phases/p.ts";` }, null],
  ["and by nothing below it", { "harness/build/phases/p.ts": "export type P = 1;", "harness/build/app/a.ts": `import type { P } from "../phases/p.ts"; export const a: P = 1;` }, "phase-below-the-story"],
  ["base knows nothing of ours", { "harness/base/x.ts": `import { s } from "../swarm/s.ts"; export const x = s;` }, "directions-harness-base"],
  ["reports do not know the build", { "harness/build/a.ts": "export const a = 1;", "reports/r.ts": `import "../harness/build/a.ts";` }, "directions-reports"],
  ["commands do not import tests", { "test/t.ts": "export const t = 1;", "harness/commands/c.ts": `import "../../test/t.ts";` }, "test-is-imported"],
  ["no cycles", { "harness/build/a.ts": `import { c } from "./c.ts"; export const a = c;`, "harness/build/c.ts": `import { a } from "./a.ts"; export const c = a;` }, "cycle"],
  ["no import of nothing", { "harness/build/a.ts": `import "./gone.ts";` }, "not-found"],
];

test.each(cases)("%s", async (_, files, rule) => {
  const root = mkdtempSync(join(tmpdir(), "recipe-ci-imports-"));
  try {
    for (const [name, content] of Object.entries({ ...own, ...files })) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    const { output } = await cruise(["."], { ...options, baseDir: root });
    if (typeof output === "string") throw new TypeError(`dependency-cruiser answered with text: ${output}`);
    const { summary } = output;
    expect(summary.totalCruised).toBeGreaterThanOrEqual(3);
    expect([...new Set(summary.violations.map((violation) => violation.rule.name))]).toEqual(rule === null ? [] : [rule]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
