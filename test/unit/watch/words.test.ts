import { describe, expect, test } from "vitest";
import { addSilence, addToTask } from "../../../harness/watch/history.ts";
import { UsageError } from "../../../harness/base/errors.ts";
import { limitsWith } from "../../../harness/watch/limits.ts";
import { deadlineFinding } from "../../../harness/watch/policy/deadline.ts";
import { imageName } from "../../../harness/watch/policy/causes.ts";
import { lineOf as line } from "./lines.ts";
import { Scene } from "./scene.ts";

/** What the judge says, beyond whom it decides against. */

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

  test("the overlay changes ports alone: a node that is wanted and not there is the recipe's or the Swarm's", () => {
    const placed = (why: string) => {
      const s = new Scene({ app: {} }, { overlaid: ["app"] });
      s.plan(0, () => s.move(s.task("app"), "pending", { node: null, error: `no suitable node (${why} on 1 node)` }));
      return s.until(70).verdict?.judged;
    };
    expect(placed("scheduling constraints not satisfied")).toMatchObject({ kind: "failed", reason: { class: "unschedulable" } });
    expect(placed("insufficient resources")).toMatchObject({ kind: "infra", reason: { class: "no-node" } });
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
      "limit: 7.0 s for everything to be up (10 min 0 s at least; the label coop-cloud.${STACK_NAME}.timeout of app raises it)",
    ]);
  });

  test("a limit of the settings is named as theirs", () => {
    const s = new Scene({ app: { health: true } });
    s.plan(0, () => s.start("app"));
    s.until(20);
    const { reason } = deadlineFinding(s.history, s.limits, s.now * 1_000, 20_000, s.judge(), "timeouts.deploy in recipes/shop/recipe.ts");
    expect(reason.evidence.at(-1)).toBe("limit: 20.0 s for everything to be up (set by timeouts.deploy in recipes/shop/recipe.ts)");
    expect(reason.hint).toBe("see why app is not up yet; where it is only slow, raise timeouts.deploy in recipes/shop/recipe.ts or its start_period");
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
    expect(finding(s.until(60))).toMatchObject({ blame: "infra", reason: { class: "deadline", service: "app", hint: "app never got to start: look at the node (image, network, volume), then run again" } });
    expect(finding(s).reason.evidence).toEqual([
      expect.stringMatching(/^task app\.1\.\d+ \(slot 1\) 1970-01-01T00:00:00.000Z: preparing$/),
      expect.stringContaining("limit: 1 min 0 s for everything to be up"),
    ]);
  });

  test.each(["failed", "rejected"] as const)("what was %s without a start did get to start", (state) => {
    const s = new Scene({ app: {} });
    s.plan(0, () => { s.task("app"); s.end("app", { state, error: "odd" }); });
    expect(finding(s.until(3))).toMatchObject({ blame: "recipe", reason: { hint: "see why app is not up yet; where it is only slow, raise TIMEOUT or its start_period" } });
  });

  test("one slot of two that never started is no want of a node", () => {
    const s = new Scene({ app: { replicas: 2, health: true } });
    s.plan(0, () => { s.start("app", "1"); s.move(s.task("app", "2"), "preparing"); });
    expect(finding(s.until(60)).blame).toBe("recipe");
  });

  test("one looping slot of two is what loops", () => {
    const s = new Scene({ db: { health: true }, app: { replicas: 2 } });
    s.plan(0, () => { s.start("db"); s.run("app", "1"); });
    s.crash("app", { slot: "2", life: 1, times: 1 });
    expect(finding(s.until(7)).reason.service).toBe("app");
  });

  test("of two that loop, the one that the other waits for", () => {
    const s = new Scene({ app: { needs: ["db"] }, db: {} }, { limits: { ceilingMs: 1 } });
    s.crash("app", { life: 1, times: 1 });
    s.crash("db", { life: 1, times: 1 });
    expect(finding(s.until(4)).reason.service).toBe("db");
  });

  test("nobody is to blame before anything was seen", () => {
    const s = new Scene({});
    expect(finding(s)).toMatchObject({ blame: "infra", reason: { service: null, evidence: [expect.stringContaining("limit: 0 ms")], hint: "the stack never got to start: look at the node (image, network, volume), then run again" } });
  });

  test("all up, and too little time to hold", () => {
    const s = new Scene({ app: { monitor: 120 } });
    s.plan(0, () => s.run("app"));
    expect(finding(s.until(60))).toMatchObject({ blame: "harness-limit", reason: { service: null, hint: "all is up, only the time to watch it was too short: raise the deadline, or shorten update_config.monitor" } });
  });

  test("a daemon that does not answer is to blame for what is not seen", () => {
    const s = new Scene({ app: {} });
    s.history = addSilence(s.history, "hang up");
    expect(finding(s)).toMatchObject({ blame: "infra", reason: { hint: "the daemon does not answer: look at the engine's log on the manager node, then run again" } });
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
