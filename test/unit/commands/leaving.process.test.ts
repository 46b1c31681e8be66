import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { markedWith } from "../../../harness/base/markedProcesses.ts";
import { packageRoot } from "../../../harness/base/paths.ts";
import { request } from "../build/request.ts";

/** A build that has a stack and a child, is interrupted, and takes for ever to take down. */
const program = `
import { spawn } from "node:child_process";
import { runRequest } from ${JSON.stringify(join(packageRoot, "harness/commands/run.ts"))};
await runRequest(JSON.parse(process.argv[1]), async (build) => {
  build.journal.will({ kind: "folder", name: build.dir });
  build.journal.will({ kind: "stack", name: "word1_ci_test", domain: "word1.ci.test", abraDir: "/abra" });
  const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore", env: { ...process.env } });
  build.signal.addEventListener("abort", () => process.stderr.write("aborted\\n"));
  process.stderr.write("child " + child.pid + "\\n");
  return new Promise(() => setInterval(() => {}, 1000));
}, false);
`;

test("a second SIGINT says what stays, by name and with the command that removes it, ends what the build has started, and leaves at once", async () => {
  const state = mkdtempSync(join(tmpdir(), "recipe-ci-leaving-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const build = spawn(process.execPath, ["--input-type=module", "-e", program, JSON.stringify(request)], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, RECIPE_CI_STATE: state } });
  onTestFinished(() => void build.kill("SIGKILL"));
  let [said, leaving] = ["", 0];
  build.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (/child \d+\n/.test(said) && leaving === 0) build.kill("SIGINT");
    if (!said.includes("aborted") || leaving > 0) return;
    leaving = performance.now();
    // npm's echo of the first comes within 300 ms; this is a second one.
    const again = setInterval(() => build.kill("SIGINT"), 50);
    build.once("exit", () => clearInterval(again));
  });
  const [code] = await Promise.all([new Promise((resolve) => build.once("exit", resolve)), text(build.stderr)]);
  expect(code).toBe(130);
  expect(performance.now() - leaving).toBeLessThan(1500);
  const run = /what run (\S+) may leave behind/.exec(said)?.[1] ?? "";
  expect(said).toContain(`  stack word1_ci_test (word1.ci.test)`);
  expect(said).toContain(`  folder ${join(state, "runs", run)}`);
  expect(said).toContain("remove it with: recipe-ci sweep");
  await vi.waitFor(() => expect(markedWith(run), "its child").toEqual([]));
});
