import { describe, expect, test } from "vitest";
import { isNews } from "../../../harness/watch/policy/wording.ts";
import { lineOf as line } from "./lines.ts";
import { Scene } from "./scene.ts";

/** The one line that says what is waited for. */

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

describe("the state of a task, in words", () => {
  const placed = (state: string, o: { node?: null; error?: string | null; message?: string } = {}) => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.move(s.task("app"), state, o));
    return line(s.until(8));
  };
  test.each([
    ["preparing", {}, "app: preparing (8 s)"],
    ["starting", {}, "app: starting (8 s)"],
    ["ready", {}, "app: waiting to restart"],
    ["pending", { node: null, error: "no suitable node (insufficient resources on 1 node)" }, "app: pending (no suitable node (insufficient resources on 1 node))"],
    ["pending", { node: null, error: null, message: "pending task scheduling" }, "app: pending (pending task scheduling)"],
  ] as const)("%s %j", (state, o, expected) => expect(placed(state, o)).toBe(expected));

  test("two minutes and more are told as people do", () => {
    const s = new Scene({ app: { health: true } });
    s.plan(0, () => s.start("app"));
    expect(line(s.until(119))).toBe("app: starting (health 119 s of 90 s)");
    expect(line(s.until(121))).toBe("app: starting (health 2 min 1 s of 90 s)");
  });

  test("of several slots the first that is missing and lives", () => {
    const s = new Scene({ app: { replicas: 3, health: true } });
    s.plan(0, () => { s.run("app", "1"); s.start("app", "2"); s.start("app", "3"); });
    expect(line(s.until(8))).toBe("app: slot 2 starting (health 8 s of 90 s)");
  });

  test("between two tries a loop is told by its failures, however long the delay is", () => {
    const s = new Scene({ app: { delay: 40 } });
    s.crash("app", { life: 1, every: 41 });
    expect(line(s.until(30))).toBe("app: 1 failure of 4");
  });

  test("who excuses is named once, with what counts besides", () => {
    const s = new Scene({ a: { health: true }, b: { health: true }, app: { needs: ["a", "b"], health: true } });
    s.plan(0, () => { s.start("a"); s.start("b"); });
    s.plan(8, () => s.up("a"));
    s.plan(20, () => s.up("b"));
    s.crash("app", { life: 1, times: 5 });
    expect(line(s.until(26))).toBe("app: 4 failures, excused by a and b, 1 failure of 4");
  });

  test("slots that are not there yet are counted", () => {
    const s = new Scene({ app: { replicas: 3 } });
    s.plan(0, () => s.run("app", "1"));
    expect(line(s.until(8))).toBe("app: 1 of 3 up");
  });

  test("failures of several slots, and the slot that is nearest to the limit", () => {
    const s = new Scene({ app: { replicas: 3, health: true } });
    for (const slot of ["1", "2", "3"]) s.crash("app", { slot, life: 1, times: slot === "2" ? 2 : 1 });
    expect(line(s.until(8))).toBe("app: 4 failures, 2 of 4 in one slot");
  });

  test("an update, with what is up already", () => {
    const s = new Scene({ app: { replicas: 2 } });
    s.plan(0, () => { s.run("app", "1"); s.run("app", "2"); });
    s.until(10).change("upgrade", { app: "app-v2" });
    s.plan(11, () => { s.replace("app", "1"); s.run("app", "1"); });
    expect(line(s.until(13))).toBe("app: updating, 1 of 2 up");
    s.updating("app", "rollback_started");
    s.plan(13.5, () => { s.replace("app", "2"); s.start("app", "2"); s.end("app", { slot: "2", exit: 1 }); });
    s.updating("app", "updating");
    expect(line(s.until(14))).toBe("app: updating, 1 of 2 up, 1 failure of 4");
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

