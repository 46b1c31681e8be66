import { describe, expect, test } from "vitest";
import { addSilence, addToTask, setDependencies } from "../../../harness/watch/history.ts";
import { UsageError } from "../../../harness/base/errors.ts";
import { type LimitChanges, limitsWith } from "../../../harness/watch/limits.ts";
import { deadlineFinding } from "../../../harness/watch/policy/deadline.ts";
import { imageName } from "../../../harness/watch/policy/causes.ts";
import { type ServiceView, viewOf } from "../../../harness/watch/policy/view.ts";
import { excuseLines, isNews, limitLine } from "../../../harness/watch/policy/wording.ts";
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
    expect(line(s.until(41))).toBe("db: starting (health 38 s of 90 s) · app: 7 failures, excused by db");
  });

  test("a loop is told by its failures, and by its state once that lasts", () => {
    const s = new Scene({ app: { health: true } });
    s.crash("app", { life: 60, starting: true });
    const lines = [4, 59, 62, 69.5, 70].map((time) => line(s.until(time)));
    expect(lines).toEqual([
      "app: starting (health 4 s of 90 s)",
      "app: starting (health 59 s of 90 s)",
      "app: 1 failure of 4",
      "app: 1 failure of 4",
      "app: starting (health 5 s of 90 s), 1 failure of 4",
    ]);
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
    expect(reason?.evidence).toContain("2 failures did not count, excused by db, which was starting");
    expect(reason?.evidence).toContain("dependencies.app in .recipe-ci/recipe.json changes whom app waits for");
    expect(reason?.evidence).toContain("  FATAL: no such table");
    expect(reason?.evidence.filter((one) => /^task app\.1\.\d+ \(slot 1\) 1970-01-01T00:00:\d\d.000Z: failed, exit code 7, task: non-zero exit \(7\), lived 1.0 s$/.test(one))).toHaveLength(4);
    expect(reason?.evidence.at(-1)).toBe("limit: 4 failures of one slot within 5 min 0 s (default; restarts.failures and restarts.withinSeconds in .recipe-ci/recipe.json change it)");
    expect(reason?.hint).toBe("read the log of app: its last lines are above where it wrote any, all of it is in the artifacts; if it only waits for another service, name that one in dependencies.app.add (.recipe-ci/recipe.json)");
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
    expect(finding(s).reason.evidence.slice(-2)).toEqual([
      "1 failure counted, limit: 4 failures of one slot within 5 min 0 s (default; restarts.failures and restarts.withinSeconds in .recipe-ci/recipe.json change it)",
      "limit: 7.0 s for everything to be up (10 min 0 s, or the label coop-cloud.${STACK_NAME}.timeout of app where it says more)",
    ]);
  });

  test("what was excused is said", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"], replicas: 2 } });
    s.plan(0, () => s.start("db"));
    s.crash("app", { life: 1, times: 1 });
    s.plan(4, () => s.up("db"));
    expect(finding(s.until(20)).reason).toMatchObject({ service: "app", evidence: expect.arrayContaining(["1 failure did not count, excused by db, which was starting"]) });
  });

  test("what never got to start is not the recipe's fault", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.move(s.task("app"), "preparing"));
    expect(finding(s.until(60))).toMatchObject({ blame: "infra", reason: { class: "deadline", service: "app" } });
  });
});

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

  test("kills for bad health", () => {
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
    s.history = setDependencies(s.history, new Map([["app", ["db"]]]));
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

test.each([
  ["db: starting (health 41 s of 90 s)", "db: starting (health 42 s of 90 s)", false],
  ["db: starting (119 s)", "db: starting (2 min 0 s)", false],
  ["db: starting (59 min 59 s)", "db: starting (1 h 0 min)", false],
  ["held 0.9 s", "held 1.4 s", false],
  ["app: 3 failures, excused by db", "app: 4 failures, excused by db", true],
  ["db: starting (1 s)", "db: preparing (1 s)", true],
  ["db: running (1 s) · app: no task yet", "app: no task yet", true],
  ["2 services up", "3 services up", true],
])("%s, then %s: news %s", (before, line_, news) => expect(isNews(line_, before)).toBe(news));

describe("a line of many services", () => {
  const names = Array.from({ length: 30 }, (_, i) => `s${i + 1}`);
  test("has room for six, what has failed first", () => {
    const s = new Scene(Object.fromEntries(names.map((name) => [name, {}])));
    s.crash("s30", { life: 1 });
    expect(line(s.until(4))).toBe("s30: 1 failure of 4 · s1: no task yet · s2: no task yet · s3: no task yet · s4: no task yet · s5: no task yet · and 24 more");
  });
  test("six are named in their order", () => {
    const s = new Scene(Object.fromEntries(names.slice(0, 6).map((name) => [name, {}])));
    s.crash("s6", { life: 1 });
    expect(line(s.until(4))).toBe("s1: no task yet · s2: no task yet · s3: no task yet · s4: no task yet · s5: no task yet · s6: 1 failure of 4");
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
