import { describe, expect, test } from "vitest";
import { addSilence, addToTask } from "../../../harness/watch/history.ts";
import { UsageError } from "../../../harness/base/errors.ts";
import { limitsWith } from "../../../harness/watch/limits.ts";
import { deadlineFinding } from "../../../harness/watch/policy/deadline.ts";
import { imageName } from "../../../harness/watch/policy/causes.ts";
import { Scene } from "./scene.ts";

/** What the judge says, beyond whom it decides against. */

const line = (scene: Scene) => {
  const judged = scene.judge();
  return "line" in judged ? judged.line : judged.reason.summary;
};

describe("the line while waiting", () => {
  test("names what each service waits for, and excuses", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(3, () => s.start("db"));
    s.crash("app", { life: 1, times: 7 });
    expect(line(s.until(41))).toBe("db: starting (health 38 s of 90 s) · app: waiting to restart, 7 failures, excused by db");
  });

  test("a service that is up is not mentioned, one that does not exist is", () => {
    const s = new Scene({ a: {}, b: {}, c: {} });
    s.remove("c");
    s.plan(0, () => s.run("a"));
    expect(line(s.until(3))).toBe("b: no task yet · c: not created yet");
  });

  test("an open streak is said even when all is up", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, times: 1 });
    expect(line(s.until(9.1))).toBe("app: up after 1 failure, trusted in 7 s");
  });

  test("how much of the monitor window is held", () => {
    const s = new Scene({ app: { monitor: 20 } });
    s.plan(0, () => s.run("app"));
    expect(line(s.until(8))).toBe("1 service up, held 8 s of 20 s");
    expect(s.judge().kind).toBe("settled");
    expect(s.until(20).judge().kind).toBe("converged");
  });

  test("the last of several starts the window", () => {
    const s = new Scene({ a: {}, b: {} });
    s.plan(2, () => s.run("a"));
    s.plan(10, () => s.run("b"));
    expect(s.until(14.5).judge()).toMatchObject({ kind: "settled", since: 10_000, line: "2 services up, held 5 s of 5 s" });
    expect(s.until(15).judge()).toMatchObject({ kind: "converged", since: 10_000, line: "2 services up" });
  });

  test("before the change has reached a service, what is up proves nothing", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.run("app"));
    s.until(10);
    s.history = { ...s.history, change: { ...s.history.change, applied: false, before: { app: { id: s.service("app").id, version: s.service("app").version, updateStartedAt: null } } } };
    expect(line(s)).toBe("app: not updated yet");
  });

  test("an update that was accepted and has not begun is waited for", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.run("app"));
    s.until(10).change("redeploy", { app: null });
    expect(line(s)).toBe("app: update accepted");
    expect(s.until(10.6).judge().kind).toBe("settled");
  });
});

describe("green with a warning", () => {
  test("paused and up", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.run("app"));
    s.until(5).change("upgrade", { app: "app-v2" });
    s.plan(6, () => s.replace("app"));
    s.plan(7, () => { s.run("app"); s.updating("app", "paused"); });
    expect(s.until(20).judge()).toMatchObject({ kind: "converged", warnings: [expect.stringContaining("stays paused")] });
  });
});

describe("reasons", () => {
  test("a crash loop shows tasks, times, codes, logs, what was excused and the limit", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => s.start("db"));
    s.plan(8, () => s.up("db"));
    s.crash("app", { life: 1, exit: 7 });
    s.plan(30.5, () => { s.history = addToTask(s.history, s.history.tasks.findLast(({ state }) => state === "failed")?.id ?? "", { log: ["FATAL: no such table"] }); });
    s.until(60);
    const { reason, at, slot } = s.verdict?.judged ?? { reason: null, at: 0, slot: null };
    expect([at, slot]).toEqual([31_000, "1"]);
    expect(reason?.summary).toBe("app: 4 failures within 18.0 s, the last with exit code 7");
    expect(reason?.evidence).toContain("2 failures did not count, excused by db");
    expect(reason?.evidence).toContain("  FATAL: no such table");
    expect(reason?.evidence.filter((one) => /^task app\.1\.\d+ \(slot 1\) 1970-01-01T00:00:\d\d.000Z: failed, exit code 7, task: non-zero exit \(7\), lived 1.0 s$/.test(one))).toHaveLength(4);
    expect(reason?.evidence.at(-1)).toContain("`restarts` in the recipe's settings changes it");
  });

  test("a database that loops is named before the app, also where only the app is decided", () => {
    const s = new Scene({ db: {}, app: { needs: ["db"] } }, { limits: { ceilingMs: 1 } });
    s.crash("app", { life: 1 });
    s.crash("db", { from: 1, life: 5 });
    s.until(60);
    expect(s.verdict?.judged.reason).toMatchObject({ service: "db", class: "crash-loop", summary: expect.stringContaining("and app, which waits for it, with it") });
  });

  test("a rolled back update shows the new tasks that failed, not the old one that was told to stop", () => {
    const s = new Scene({ app: {} });
    s.plan(1, () => s.run("app"));
    s.until(10).change("upgrade", { app: "app-v2" });
    s.plan(11, () => s.replace("app", "1", { state: "failed", exit: 143 }));
    s.plan(12, () => { s.start("app"); s.end("app", { exit: 9, last: true }); });
    s.plan(13, () => { s.service("app").spec = "app-v1"; s.updating("app", "rollback_started"); });
    s.until(60);
    expect(s.verdict?.judged).toMatchObject({ slot: "1", at: 12_000, reason: { class: "rolled-back" } });
    const evidence = s.verdict?.judged.reason.evidence.join("\n");
    expect(evidence).toContain("update rollback_started: update rollback_started");
    expect(evidence).toContain("exit code 9");
    expect(evidence).not.toContain("exit code 143");
  });

  test("what the harness's overlay may have caused is its limit", () => {
    const s = new Scene({ a: { hostPorts: [80] }, b: { hostPorts: [80] } }, { overlaid: ["b"] });
    s.plan(0, () => { s.run("a"); s.move(s.task("b"), "pending", { node: null, error: "no suitable node (host-mode port already in use on 1 node)" }); });
    s.until(20);
    expect(s.verdict?.judged).toMatchObject({ kind: "harness-limit", reason: { class: "harness-limit", service: "b" } });
  });

  test("137 of a service without a limit while the host was out of memory", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, exit: 137, error: "task: non-zero exit (137)" });
    s.plan(2, () => { s.history = addToTask(s.history, s.history.tasks[0]?.id ?? "", { hostOutOfMemory: true }); });
    expect(s.until(60).verdict?.judged).toMatchObject({ kind: "infra", reason: { class: "host-memory", service: "app" } });
  });
});

describe("a daemon that falls silent", () => {
  function silent(attempts: number, seconds: number): Scene {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.run("app"));
    s.until(10);
    for (let attempt = 0; attempt < attempts; attempt++) s.history = addSilence(s.history, "socket hang up");
    s.now += seconds;
    return s;
  }

  test("is waited for, whatever was seen before", () => expect(line(silent(1, 1))).toBe("the daemon gives no good answer (socket hang up)"));
  test("is given up after 20 s", () => expect(silent(4, 21).judge()).toMatchObject({ kind: "infra", reason: { class: "daemon-lost", service: null } }));
  test("but not before", () => expect(silent(4, 19).judge().kind).toBe("waiting"));
  test("but not after our own pause with few calls", () => expect(silent(2, 3_600).judge().kind).toBe("waiting"));
});

describe("deadline", () => {
  const finding = (s: Scene) => deadlineFinding(s.history, s.limits, s.now * 1_000, s.now * 1_000, s.judge());

  test("says what it last saw, and names the root", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"], health: true } });
    s.plan(0, () => { s.start("db"); s.start("app"); });
    expect(finding(s.until(60))).toMatchObject({ blame: "recipe", reason: { class: "deadline", service: "db", summary: expect.stringContaining("db: starting (health 60 s of 90 s)") } });
  });

  test("an open streak is the reason", () => {
    const s = new Scene({ db: { health: true }, app: {} });
    s.plan(0, () => s.start("db"));
    s.crash("app", { life: 1, times: 1 });
    expect(finding(s.until(7))).toMatchObject({ reason: { service: "app" } });
  });

  test("what never got to start is not the recipe's fault", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.move(s.task("app"), "preparing"));
    expect(finding(s.until(60))).toMatchObject({ blame: "infra", reason: { class: "deadline", service: "app" } });
  });
});

describe("limits", () => {
  test.each([[{ failures: 0 }], [{ failures: 2.5 }], [{ failures: 41 }], [{ withinMs: -1 }], [{ stableForMs: Number.NaN }], [{ ceilingMs: "60" as unknown as number }]])("%j is refused", (limits) => {
    expect(() => limitsWith(limits, "recipes/x/recipe.ts: restarts")).toThrow(UsageError);
  });
  test("an unknown name is refused with the known ones", () => {
    expect(() => limitsWith({ retries: 3 } as object, "restarts")).toThrow(/restarts: unknown limit retries; use one of failures, /);
  });
  test("the rest stays as it is", () => expect(limitsWith({ failures: 2 }, "restarts")).toMatchObject({ failures: 2, withinMs: 300_000 }));
});

test.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["docker.io/library/nginx:1.27@sha256:ab", "docker.io/library/nginx:1.27"],
  ["team/app:2", "docker.io/team/app:2"],
  ["registry.test:5000/app", "registry.test:5000/app:latest"],
  ["localhost/app:1", "localhost/app:1"],
])("%s is %s", (ref, name) => expect(imageName(ref)).toBe(name));
