import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { command } from "../../../harness/base/command.ts";
import { packageRoot } from "../../../harness/base/paths.ts";

const sleep = `import { setTimeout as sleep } from "node:timers/promises"; await sleep(100);\n`;

const cases: [string, string, string, string | null][] = [
  ["a fixed sleep", "harness/build/a.ts", sleep, "no-restricted-imports"],
  ["the one place that may pause", "harness/base/wait.ts", sleep, null],
  ["a promise that nobody waits for", "harness/build/a.ts", "async function work() { await fetch('x:'); }\nwork();\n", "no-floating-promises"],
  ["a file over 300 lines", "harness/build/a.ts", "export {};\n".repeat(301), "max-lines"],
];

test.each(cases)("%s", { timeout: 30_000 }, async (_, file, content, rule) => {
  const root = mkdtempSync(join(tmpdir(), "recipe-ci-lint-"));
  try {
    for (const name of [".oxlintrc.json", "tsconfig.json", "package.json"]) cpSync(join(packageRoot, name), join(root, name));
    symlinkSync(join(packageRoot, "node_modules"), join(root, "node_modules"));
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
    const oxlint = join(packageRoot, "node_modules/oxlint/bin/oxlint");
    const result = await command([process.execPath, oxlint, "--format", "unix", dirname(file)], { cwd: root, timeoutMs: 20_000 });
    if (rule === null) expect(result.stdout).toBe("");
    else expect(result.stdout).toContain(`(${rule})`);
    expect(result.exitCode).toBe(rule === null ? 0 : 1);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
