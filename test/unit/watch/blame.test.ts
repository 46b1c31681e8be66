import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { rootOf } from "../../../harness/watch/policy/blame.ts";
import { waitsFor } from "../../../harness/watch/policy/dependencies.ts";
import type { Finding } from "../../../harness/watch/policy/finding.ts";
import { viewOf } from "../../../harness/watch/policy/view.ts";
import type { TaskRecord } from "../../../harness/watch/types.ts";
import { failedTask, historyWith, serviceRecord, taskRecord } from "./records.ts";

/** Of what fails together, who is named. */

const dependencies = { web: ["api"], api: ["db"], db: [], other: [] };
const services = Object.keys(dependencies).map((name) => serviceRecord({ name, id: name }));
const view = (...tasks: TaskRecord[]) => viewOf(historyWith({ services, tasks, dependencies }), defaultLimits, 60_000);
const finding = (service: string | null, at: number, more: Partial<Finding> = {}): Finding =>
  ({ kind: "failed", class: "crash-loop", service, slot: "1", at, summary: `${service} fails`, evidence: [`evidence of ${service}`], hint: `hint for ${service}`, ...more });
const root = (...findings: Finding[]) => rootOf(findings, view())?.service;

describe("of several findings", () => {
  test("none: nobody", () => expect(rootOf([], view())).toBeNull());
  test("the one that the others wait for, though it came last", () => {
    expect(root(finding("api", 100), finding("db", 200))).toBe("db");
    expect(root(finding("db", 200), finding("api", 100))).toBe("db");
  });
  test("also where they wait for it through one of which nothing was found", () => expect(root(finding("web", 100), finding("db", 200))).toBe("db"));
  test("of two that have nothing to do with each other the earlier", () => {
    expect(root(finding("other", 200), finding("db", 100))).toBe("db");
    expect(root(finding("db", 200), finding("other", 100))).toBe("other");
  });
  test("infra before recipe, though it came later: it is cheap to try again", () => {
    expect(root(finding("other", 100), finding("db", 200, { kind: "infra" }))).toBe("db");
    expect(root(finding("db", 200, { kind: "infra" }), finding("other", 100))).toBe("db");
  });
  test("one that is about no single service waits for nobody", () => expect(root(finding("db", 200), finding(null, 100))).toBeNull());
});

describe("a dependency that loops and is not decided yet", () => {
  const crash = (service: string, at: number, slot = "1") => failedTask(at, { id: `${service}${slot}${at}`, service, serviceId: service, slot, createdAt: at - 500, startedAt: at - 500 });
  const blamed = (one: Finding, ...tasks: TaskRecord[]) => rootOf([one], view(...tasks));
  const web = finding("web", 9_000);

  test("is named, with its own failures first and what was found of the other", () => {
    expect(blamed(web, crash("db", 1_000), crash("db", 2_000))).toEqual({
      ...web,
      service: "db",
      summary: "db keeps failing (2 times), and web, which waits for it, with it",
      evidence: [
        "task db11000 (slot 1) 1970-01-01T00:00:01.000Z: failed, exit code 1, task: non-zero exit (1), lived 500 ms",
        "task db12000 (slot 1) 1970-01-01T00:00:02.000Z: failed, exit code 1, task: non-zero exit (1), lived 500 ms",
        "web: web fails",
        "evidence of web",
      ],
      hint: "start with db, web waits for it: read the log of db: its last lines are above where it wrote any, all of it is in the artifacts",
    });
  });
  test("is the farthest one that loops", () => {
    expect(blamed(web, crash("db", 1_000), crash("db", 2_000), crash("api", 1_000), crash("api", 2_000))?.service).toBe("db");
  });
  test("is none that failed once: a flicker is no loop", () => {
    expect(blamed(web, crash("db", 1_000))).toBe(web);
    const up = taskRecord({ id: "up", service: "db", serviceId: "db", slot: "2", health: { kind: "checked", limitMs: null } });
    expect(blamed(web, up, crash("db", 1_000), crash("api", 1_000), crash("api", 2_000))?.service).toBe("api");
  });
  test("is told with the slot that loops", () => {
    expect(blamed(web, crash("db", 1_000, "1"), crash("db", 1_000, "2"), crash("db", 2_000, "2"))).toMatchObject({ slot: "2", summary: expect.stringContaining("db keeps failing (2 times)") });
  });
  test("explains no end that has a cause of its own, nor one of a service that does not wait for it", () => {
    const rejected = finding("web", 9_000, { class: "rejected" });
    expect(blamed(rejected, crash("db", 1_000), crash("db", 2_000))).toBe(rejected);
    const other = finding("other", 9_000);
    expect(blamed(other, crash("db", 1_000), crash("db", 2_000))).toBe(other);
  });
});

describe("whom a service waits for", () => {
  test("one that itself is in no list of who waits for whom", () => expect(waitsFor(historyWith({ dependencies: { app: ["db"] } }), "app")).toEqual(["db"]));
  test("is found out once, as long as nothing changes: it is asked at each look", () => {
    const history = historyWith({ dependencies });
    expect(waitsFor(history, "web")).toBe(waitsFor(history, "web"));
    expect(waitsFor({ ...history, dependencies: { web: [] } }, "web")).toEqual([]);
  });
  test("not those that are in a circle with it", () => expect(waitsFor(historyWith({ dependencies: { a: ["b"], b: ["c"], c: ["a", "d"] } }), "a")).toEqual(["d"]));
});

