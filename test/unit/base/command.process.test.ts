import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { command, splitLines } from "../../../harness/base/command.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-command-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const sh = (script: string, o: Partial<Parameters<typeof command>[1]> = {}) => command(["sh", "-c", script], { timeoutMs: 10_000, cwd: dir, ...o });

const alive = (pid: number) => {
  try {
    // A zombie that nobody has reaped yet is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

const pidIn = (file: string) => Number(readFileSync(join(dir, file), "utf8"));

describe("how it ended is data", () => {
  test.each<[string, string, object]>([
    ["exit code and both streams", "echo out; echo err >&2; exit 7", { exitCode: 7, stdout: "out", stderr: "err", timedOut: false }],
    ["success", "true", { exitCode: 0, stdout: "", stderr: "" }],
    ["no standard input", "cat; echo done", { exitCode: 0, stdout: "done" }],
    ["killed by a signal", "kill -9 $$", { exitCode: 137 }],
  ])("%s", async (_, script, expected) => {
    expect(await sh(script)).toMatchObject(expected);
  });

  test("a missing program is 127 and says so", async () => {
    const result = await command(["recipe-ci-no-such-program", "-x"], { timeoutMs: 1000 });
    expect(result).toMatchObject({ exitCode: 127, timedOut: false });
    expect(result.stderr).toContain("recipe-ci-no-such-program");
  });

  test("input, environment and a clean one", async () => {
    expect((await sh("cat", { input: "given" })).stdout).toBe("given");
    vi.stubEnv("RECIPE_CI_OUTER", "outer");
    expect((await sh("echo $RECIPE_CI_OUTER $INNER", { env: { INNER: "inner" } })).stdout).toBe("outer inner");
    expect((await sh("echo [$RECIPE_CI_OUTER]", { env: { PATH: "/usr/bin:/bin" }, cleanEnv: true })).stdout).toBe("[]");
    vi.unstubAllEnvs();
  });

  test("an empty argv is the caller's bug", async () => {
    await expect(command([], { timeoutMs: 1000 })).rejects.toThrow("empty argv");
  });
});

describe("a hard limit", () => {
  test("incident 5: ends the whole process group, grandchildren too, and says what it ended", async () => {
    const started = performance.now();
    const result = await sh("(sleep 60 & echo $! > grandchild; wait) & wait", { timeoutMs: 300 });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(result).toMatchObject({ exitCode: 124, timedOut: true });
    expect(result.stderr).toContain("sh was ended after 300 ms");
    await expect.poll(() => alive(pidIn("grandchild"))).toBe(false);
  });

  test("holds even where a grandchild left the group and keeps the pipes open", async () => {
    const started = performance.now();
    const result = await sh("setsid sleep 20 & echo $! > loner; wait", { timeoutMs: 200 });
    const took = performance.now() - started;
    process.kill(pidIn("loner"), "SIGKILL");
    expect(result).toMatchObject({ exitCode: 124, timedOut: true });
    expect(took).toBeLessThan(2000);
  });
});

describe("an abort", () => {
  test("kills the group and rejects with the signal's reason within 100 ms of it", async () => {
    const controller = new AbortController();
    const ended = sh("(sleep 60 & echo $! > aborted; echo up; wait) & wait", {
      signal: controller.signal,
      onLine: () => controller.abort(new Error("interrupted")),
    });
    await expect(ended).rejects.toThrow("interrupted");
    await expect.poll(() => alive(pidIn("aborted"))).toBe(false);
  });

  test("before the start starts nothing", async () => {
    await expect(sh("touch started", { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
    expect(() => readFileSync(join(dir, "started"))).toThrow("ENOENT");
  });
});

describe("lines", () => {
  test("come as they are written, the last one also without its line end", async () => {
    const lines: string[] = [];
    await sh("echo one; echo two >&2; printf three", { onLine: (line, stream) => lines.push(`${stream} ${line}`) });
    expect(lines.toSorted()).toEqual(["stderr two", "stdout one", "stdout three"]);
  });

  test("chunks may hold several lines, parts of them and parts of a character", () => {
    const lines: string[] = [];
    const split = splitLines((line) => lines.push(line));
    const bytes = Buffer.from("a\r\nbé\nc");
    split(bytes.subarray(0, 5));
    split(bytes.subarray(5));
    expect(lines).toEqual(["a", "bé"]);
    split("d\n");
    expect(lines).toEqual(["a", "bé", "cd"]);
  });
});
