import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";
import { command } from "../../../harness/base/command.ts";

/** A small tree of tests of each kind, run by the real driver's parts in processes of their own. */
let root: string;

const driver = `
import { runSuite } from ${JSON.stringify(join(packageRoot, "test/run/suite.ts"))};
const [project, timeoutMs] = process.argv.slice(2);
const outcome = await runSuite({ project, root: process.cwd(), timeoutMs: Number(timeoutMs), signal: new AbortController().signal });
console.log("OUTCOME " + JSON.stringify(outcome));
`;

const files: Record<string, string> = {
  "mixed/a.test.js": `
    import { test, expect, describe } from "vitest";
    test("good", () => {});
    test("bad", () => expect(1).toBe(2));
    describe("group", () => { test.skip("left out", () => {}); test.todo("later"); });`,
  "mixed/broken.test.js": `throw new Error("does not load");`,
  "hanging/a.test.js": `
    import { test } from "vitest";
    test("never ends", () => { for (;;); });`,
  "vitest.config.js": `export default { test: { projects: ["mixed", "hanging", "empty"].map((name) => ({ test: { name, include: [name + "/*.test.js"] } })) } };`,
  "driver.ts": driver,
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "recipe-ci-suite-"));
  symlinkSync(join(packageRoot, "node_modules"), join(root, "node_modules"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), content);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function outcomeOf(project: string, timeoutMs: number): Promise<unknown> {
  const result = await command([process.execPath, "driver.ts", project, String(timeoutMs)], { cwd: root, timeoutMs: 30_000 });
  const line = result.stdout.split("\n").find((text) => text.startsWith("OUTCOME "));
  return JSON.parse(line?.slice("OUTCOME ".length) ?? "null");
}

test("passed, failed and skipped tests and a file that does not load are told apart", { timeout: 30_000 }, async () => {
  expect(await outcomeOf("mixed", 25_000)).toEqual({
    exitCode: 1,
    counts: {
      passed: 1,
      failed: 1,
      skipped: ["mixed/a.test.js > group > left out", "mixed/a.test.js > group > later"],
      errors: [expect.stringContaining("does not load")],
      complete: true,
    },
  });
});

test("a suite without tests leaves no green", { timeout: 30_000 }, async () => {
  const outcome = await outcomeOf("empty", 25_000) as { exitCode: number };
  expect(outcome.exitCode).not.toBe(0);
});

test("a test that never ends is ended with its suite", { timeout: 30_000 }, async () => {
  expect(await outcomeOf("hanging", 2_500)).toEqual({ exitCode: 137, counts: null });
});
