import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { endMarked, runMark } from "../../../harness/base/markedProcesses.ts";

const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {}
  }
});

/** A process in a group of its own that ignores every polite request. */
async function stubborn(run: string) {
  const child = spawn("sh", ["-c", "trap '' TERM INT HUP; echo up; while :; do sleep 60; done"], { detached: true, stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, [runMark]: run } });
  started.push(child.pid ?? 0);
  await once(child.stdout, "data");
  return child;
}

test("what a run started is ended with its children, and nothing of another run", async () => {
  const [run, other] = ["r", "r1"].map((name) => `${randomBytes(6).toString("hex")}-${name}`) as [string, string];
  const [ours, theirs] = [await stubborn(run), await stubborn(other)];
  const ended = once(ours, "exit");
  await endMarked(run, new AbortController().signal);
  expect((await ended)[1]).toBe("SIGKILL");
  expect(theirs.exitCode).toBeNull();
  expect(theirs.signalCode).toBeNull();
});
