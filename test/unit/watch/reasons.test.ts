import { describe, expect, test } from "vitest";
import { addToTask, declare } from "../../../harness/watch/history.ts";
import { type LimitChanges, limitsWith } from "../../../harness/watch/limits.ts";
import { type ServiceView, viewOf } from "../../../harness/watch/policy/view.ts";
import { excuseLines, limitLine } from "../../../harness/watch/policy/wording.ts";
import { Scene } from "./scene.ts";

/** What a reason says of limits and excuses. */

describe("which limit it was, where it comes from, how to change it", () => {
  const place = "recipes/x/recipe.ts";
  const evidenceOf = (s: Scene) => s.verdict?.judged.reason.evidence ?? [];
  const last = (s: Scene) => evidenceOf(s).at(-1);

  test.each<[LimitChanges, string]>([
    [{}, "limit: 4 failures of one slot within 5 min 0 s (default; restarts.failures and restarts.withinSeconds in recipes/x/recipe.ts change it)"],
    [{ failures: 2 }, "limit: 2 failures of one slot within 5 min 0 s (set by restarts.failures in recipes/x/recipe.ts; restarts.withinSeconds there changes the rest)"],
    [{ withinMs: 90_000 }, "limit: 4 failures of one slot within 1 min 30 s (set by restarts.withinSeconds in recipes/x/recipe.ts; restarts.failures there changes the rest)"],
    [{ failures: 2, withinMs: 90_000 }, "limit: 2 failures of one slot within 1 min 30 s (set by restarts.failures and restarts.withinSeconds in recipes/x/recipe.ts)"],
    [{ failures: 1 }, "limit: 1 failure of one slot (set by restarts.failures in recipes/x/recipe.ts)"],
  ])("a loop under %j", (changes, expected) => {
    const s = new Scene({ app: {} }, { limits: limitsWith(changes, place) });
    s.crash("app", { life: 1 });
    expect(last(s.until(60))).toBe(expected);
  });

  test("zero exits and memory have the limit of a loop", () => {
    for (const end of [{ exit: 0, state: "complete" as const }, { exit: 137 }]) {
      const s = new Scene({ app: { memoryLimit: 1024 ** 2 } });
      s.crash("app", { life: 1, ...end });
      expect(last(s.until(60))).toContain("limit: 4 failures of one slot");
    }
  });

  test("a single default is changed by one setting", () =>
    expect(limitLine("x", ["ceilingMs"], limitsWith({}, place))).toBe("limit: x (default; restarts.ceiling in recipes/x/recipe.ts changes it)"));
  test("how long is stable can be set", () => expect(limitLine("x", ["stableForMs"], limitsWith({ stableForMs: 1 }, place))).toBe("limit: x (set by restarts.stableFor in recipes/x/recipe.ts)"));
  test("what no recipe sets is fixed", () => expect(limitLine("x", ["rejections"], limitsWith({}, place))).toBe("limit: x (fixed)"));

  test("incident 24: kills for bad health name start_period", () => {
    const s = new Scene({ app: { health: true } });
    s.crash("app", { life: 90, starting: true, error: "task: non-zero exit (137): dockerexec: unhealthy container" });
    s.until(400);
    expect(s.verdict?.judged.reason).toMatchObject({ class: "unhealthy-loop", hint: expect.stringContaining("start_period in compose.yml") });
    expect(last(s)).toBe("limit: 2 kills of one slot, each after all retries of its health check (fixed)");
  });

  test("the same refusal", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0, state: "rejected", error: "invalid mount config" });
    expect(last(s.until(60))).toBe("limit: the same refusal 2 times (fixed)");
  });

  test("an image that nobody gives", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0, state: "rejected", error: "No such image: app:1" });
    expect(last(s.until(60))).toBe("limit: 2 tries (fixed)");
  });

  test.each([
    ["pending", "no suitable node (insufficient resources on 1 node)", "no-node", "limit: no node for 1 min 0 s (fixed)"],
    ["new", null, "stuck-new", "limit: no address for 1 min 0 s (fixed)"],
  ])("a task that stays %s", (state, error, cls, expected) => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.move(s.task("app"), state, { node: null, error }));
    s.until(90);
    expect(s.verdict?.judged.reason.class).toBe(cls);
    expect(last(s)).toBe(expected);
  });

  test("a node that is gone", () => {
    const s = new Scene({ app: {} });
    s.nodes = [{ id: "n1", name: "one", ready: false }];
    s.plan(0, () => s.run("app"));
    expect(last(s.until(90))).toBe("limit: its node down for 1 min 0 s (fixed)");
  });

  test("a port of its own stack", () => {
    const s = new Scene({ a: { hostPorts: [80] }, b: { hostPorts: [80] } });
    s.plan(0, () => { s.run("a"); s.move(s.task("b"), "pending", { node: null, error: "no suitable node (host-mode port already in use on 1 node)" }); });
    expect(last(s.until(20))).toBe("limit: the port still held after 5.0 s (fixed)");
  });

  test("a slot that is given up: the recipe's own policy", () => {
    const s = new Scene({ app: { condition: "on-failure" } });
    s.plan(0, () => { s.run("app"); s.end("app", { exit: 1, last: true }); });
    s.until(20);
    expect(s.verdict?.judged.reason).toMatchObject({ class: "gave-up", summary: "app: Swarm gave up on slot 1 after 1 failure" });
    expect(last(s)).toBe("limit: the recipe's own restart_policy (condition on-failure, max_attempts)");
  });
});

describe("what was excused, by whom and why", () => {
  const evidence = (s: Scene) => s.verdict?.judged.reason.evidence ?? [];
  const excuses = (s: Scene) => evidence(s).filter((one) => one.includes("did not count"));

  test("a dependency that did not exist yet", () => {
    const s = new Scene({ db: {}, app: { needs: ["db"] } });
    s.remove("db");
    s.history = { ...s.history, change: { ...s.history.change, applied: false } };
    s.crash("app", { life: 1 });
    s.plan(7.5, () => { s.history = { ...s.history, change: { ...s.history.change, applied: true } }; });
    s.until(8);
    s.history = { ...s.history, change: { ...s.history.change, applied: false } };
    expect(excuseLines(viewOf(s.history, s.limits, 8_000).services.get("app") as ServiceView, viewOf(s.history, s.limits, 8_000))).toEqual([
      "2 failures did not count, excused by db, which did not exist yet",
      "dependencies.app in .recipe-ci/recipe.json changes whom app waits for",
    ]);
  });

  test("one that was up and did not listen yet, one that was starting", () => {
    const s = new Scene({ db: {}, app: { needs: ["db"] } });
    s.plan(3, () => s.run("db"));
    s.plan(14, () => { s.history = addToTask(s.history, s.latest("db").id, { listeningAt: 14_000 }); });
    s.crash("app", { life: 1 });
    s.until(60);
    expect(excuses(s)).toEqual([
      "1 failure did not count, excused by db, which had no task yet",
      "2 failures did not count, excused by db, which was up and did not listen yet",
    ]);
  });

  test("one that ended meanwhile", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => s.run("db"));
    s.plan(1, () => s.run("app"));
    s.plan(5, () => { s.end("db", { exit: 1 }); });
    s.plan(6, () => { s.end("app", { exit: 1 }); });
    s.until(7);
    const view = viewOf(s.history, s.limits, 7_000);
    expect(excuseLines(view.services.get("app") as ServiceView, view)[0]).toBe("1 failure did not count, excused by db, which ended meanwhile");
  });

  test("one that was down", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => s.run("db"));
    s.plan(1, () => s.end("db", { state: "shutdown", asked: true, last: true }));
    s.plan(3, () => s.run("app"));
    s.plan(6, () => { s.end("app", { exit: 1 }); });
    s.until(7);
    const view = viewOf(s.history, s.limits, 7_000);
    expect(excuseLines(view.services.get("app") as ServiceView, view)[0]).toBe("1 failure did not count, excused by db, which was down");
  });

  test("one that an upgrade brought", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.run("app"));
    s.until(10).change("upgrade", { app: "app-v2" });
    s.history = declare(s.history, { dependencies: new Map([["app", ["db"]]]), overlaid: [] });
    s.create("db", { health: true });
    s.plan(11, () => { s.replace("app"); s.start("app"); s.start("db"); });
    s.plan(12, () => s.end("app", { exit: 1 }));
    s.until(13);
    const view = viewOf(s.history, s.limits, 13_000);
    expect(excuseLines(view.services.get("app") as ServiceView, view)[0]).toBe("1 failure did not count, excused by db, which was starting");
  });

  test("what was declared explains itself, and no setting changes it", () => {
    const s = new Scene({ app: {} });
    s.disturb(["app"], 3, "restore");
    s.crash("app", { life: 1 });
    s.until(60);
    expect(excuses(s)).toEqual(["1 failure did not count, excused by declared: restore"]);
    expect(evidence(s).join()).not.toContain("dependencies.");
  });

  test("the time for excuses was over", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } }, { limits: limitsWith({ ceilingMs: 20_000 }, "c/recipe.json") });
    s.plan(0, () => s.start("db"));
    s.crash("app", { life: 1 });
    s.until(90);
    expect(excuses(s)).toEqual(["4 failures did not count, excused by db, which was starting"]);
    expect(evidence(s)).toContain("limit: nothing is excused later than 20.0 s after a change (set by restarts.ceiling in c/recipe.json)");
  });

  test("a failure that counts before that has no such line", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => s.run("db"));
    s.crash("app", { from: 2, life: 1 });
    s.until(60);
    expect(evidence(s).join()).not.toMatch(/nothing is excused|did not count|dependencies\./);
  });
});

describe("what a loop was, and what to do", () => {
  const reason = (s: Scene) => s.until(90).verdict?.judged.reason;
  function loop(ends: readonly { exit: number; error?: string; state?: "complete" }[], memoryLimit?: number): Scene {
    const s = new Scene({ app: memoryLimit === undefined ? {} : { memoryLimit } });
    ends.forEach((end, turn) => s.crash("app", { from: turn * 6, life: 1, times: 1, goesOn: false, ...end }));
    return s;
  }

  test("every way in which it ended is named, the last one first", () => {
    expect(reason(loop([{ exit: 1 }, { exit: 2 }, { exit: 1 }, { exit: 3 }]))?.summary).toBe("app: 4 failures within 18.0 s, the last with exit code 3 (others: exit code 1, exit code 2)");
  });
  test("an end without an exit code is told by its error", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0, state: "rejected", error: "network sandbox join failed" });
    expect(reason(s)).toMatchObject({ class: "engine-error", summary: expect.stringContaining("the last with network sandbox join failed") });
  });
  test("memory: the limit is named, in MiB", () => {
    expect(reason(loop([{ exit: 137 }, { exit: 137 }, { exit: 137 }, { exit: 137 }], 64 * 1024 ** 2))).toMatchObject({
      class: "out-of-memory", hint: "raise the memory limit of app (64 MiB) or make it use less",
    });
  });
  test("one kill among other ends is no want of memory", () => expect(reason(loop([{ exit: 1 }, { exit: 137 }, { exit: 1 }, { exit: 1 }], 1024))?.class).toBe("crash-loop"));
  test("one zero among other ends is no loop of zeros", () => expect(reason(loop([{ exit: 1 }, { exit: 0, state: "complete" }, { exit: 1 }, { exit: 1 }]))?.class).toBe("crash-loop"));
  test("one error of the engine among other ends is not its fault", () =>
    expect(reason(loop([{ exit: 1 }, { exit: 1, error: "network sandbox join failed" }, { exit: 1 }, { exit: 1 }]))?.class).toBe("crash-loop"));
  test("one taken port among other ends is not the host's fault, all of them are", () => {
    const taken = { exit: 128, error: "driver failed: port is already allocated" };
    expect(reason(loop([taken, taken, { exit: 1 }, taken]))?.class).toBe("crash-loop");
    expect(reason(loop([taken, taken, taken, taken]))).toMatchObject({ class: "host-port-taken", hint: "something outside this stack holds the port; free it on the node, then run again" });
  });
  test("what came after the deciding failure is not counted with it", () => {
    const s = new Scene({ db: { health: true }, app: {} }, { limits: limitsWith({ failures: 2 }, "x") });
    s.crash("app", { life: 1, times: 1, goesOn: false });
    s.crash("app", { from: 6, life: 1, times: 1, goesOn: false, exit: 9 });
    expect(reason(s)?.summary).toBe("app: 2 failures within 6.0 s, the last with exit code 9 (others: exit code 1)");
  });
  test("one kill for memory is enough where the kernel says so", () => {
    const s = loop([{ exit: 1 }, { exit: 137 }, { exit: 1 }, { exit: 1 }], 1024);
    s.plan(7.5, () => { s.history = addToTask(s.history, s.history.tasks.find(({ exitCode }) => exitCode === 137)?.id ?? "", { oom: true }); });
    expect(reason(s)?.class).toBe("out-of-memory");
  });
  test("bad health says how often", () => {
    const s = new Scene({ app: { health: true } });
    s.crash("app", { life: 30, starting: true, error: "dockerexec: unhealthy container" });
    expect(reason(s)?.summary).toBe("app: killed 2 times because its health check kept failing");
  });
});
