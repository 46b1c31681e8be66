import { describe, expect, test } from "vitest";
import { image } from "../../../harness/watch/policy/rules/images.ts";
import { crashLoop } from "../../../harness/watch/policy/rules/loops.ts";
import { rejected } from "../../../harness/watch/policy/rules/rejected.ts";
import type { Limits, TaskRecord } from "../../../harness/watch/types.ts";
import { found, type Seen } from "./found.ts";
import { failedTask, serviceRecord } from "./records.ts";

/** What is seen late and all at once is told by what decided it; and refusals, by their own words. */

const ended = (at: number, more: Partial<TaskRecord> = {}) => failedTask(at, { createdAt: at, startedAt: at - 1_000, runningAt: at - 500, ...more });
const refused = (at: number, error: string | null) => ended(at, { state: "rejected", error, exitCode: null, startedAt: null, runningAt: null });
const seconds = (...times: number[]) => times.map((time) => time * 1_000);

describe("a loop", () => {
  const loop = (tasks: readonly TaskRecord[], limits: Partial<Limits> = {}, memoryLimit: number | null = null) =>
    found(crashLoop, { services: [serviceRecord({ memoryLimit })], tasks }, 900_000, limits);

  test("ends with the failure that decided it: what came after is not in its summary", () => {
    expect(loop(seconds(10, 20, 30, 40, 50, 60).map((at) => ended(at)))).toMatchObject({
      at: 40_000, summary: "app: 4 failures within 30.0 s, the last with exit code 1",
    });
  });

  test("has the cause of the failures in the window, whatever it died of long before", () => {
    const zeros = seconds(410, 420, 430, 440).map((at) => ended(at, { state: "complete", exitCode: 0, error: null }));
    expect(loop([ended(10_000, { exitCode: 2 }), ...zeros])).toMatchObject({
      class: "exit-zero-loop", summary: "app: 5 failures within 7 min 10 s, the last with exit code 0 (others: exit code 2)",
    });
  });

  describe("of kills", () => {
    const mixed = (more: Partial<TaskRecord>) => [ended(10_000), ended(20_000, { exitCode: 137 }), ended(30_000, { exitCode: 137, ...more }), ended(40_000)];

    test("is a want of memory where the kernel says so of one of them", () => {
      expect(loop(mixed({ oom: true }), {}, 1024 ** 2)?.class).toBe("out-of-memory");
    });
    test("is the host's want of memory where the service has no limit of its own", () => {
      expect(loop(mixed({ hostOutOfMemory: true }))).toMatchObject({
        kind: "infra", class: "host-memory", hint: "the host ran out of memory; free some, or run fewer builds at once, then run again",
      });
      expect(loop(mixed({ hostOutOfMemory: true }), {}, 1024 ** 2)).toMatchObject({ kind: "failed", class: "crash-loop" });
    });
  });

  test("of ports that are taken is nobody's fault in this stack", () => {
    const tasks = seconds(10, 20, 30, 40).map((at) => ended(at, { error: "Bind for 0.0.0.0:80 failed: port is already allocated" }));
    expect(loop(tasks)).toMatchObject({ kind: "infra", class: "host-port-taken" });
  });
});

describe("an image that is not there", () => {
  const missing = "No such image: app:1";
  const pull = (tasks: readonly TaskRecord[], more: Seen = {}) => found(image, { tasks, ...more }, 60_000);

  test("is the recipe's where the registry named that very image", () => {
    expect(pull([refused(5_000, missing)], { missingImages: ["docker.io/library/app:1"] })).toMatchObject({
      kind: "failed", class: "image-missing", summary: "app: the registry says that image app:1 does not exist",
      evidence: ["image app:1", `task t5000 (slot 1) 1970-01-01T00:00:05.000Z: rejected, ${missing}`],
    });
  });
  test("is not where it named another: the second try decides, against the surroundings", () => {
    expect(pull([refused(5_000, missing)], { missingImages: ["app:2"] })).toBeNull();
    expect(pull([refused(5_000, missing), refused(9_000, missing)], { missingImages: ["app:2"] })).toMatchObject({
      kind: "infra", class: "image-pull", at: 9_000, summary: "app: image app:1 could not be pulled, and no registry said that it does not exist",
    });
  });
  test("does not count while the build disturbs it", () => {
    const disturbances = [{ targets: ["app"], from: 4_000, until: 6_000, why: "pull" }];
    expect(pull([refused(5_000, missing), refused(9_000, missing)], { disturbances })).toBeNull();
  });
});

describe("a refusal", () => {
  const refuse = (tasks: readonly TaskRecord[], limits: Partial<Limits> = {}) => found(rejected, { tasks }, 60_000, limits);

  test("is told by its latest, in its own words", () => {
    const [first, second, third] = ["0123456789ab", "1123456789ab", "2123456789ab"].map((id) => `invalid volume ${id}`);
    expect(refuse([refused(1_000, first ?? ""), refused(2_000, second ?? ""), refused(3_000, third ?? "")], { rejections: 3 })).toMatchObject({
      class: "rejected", at: 3_000, summary: "app can't start: invalid volume 2123456789ab",
    });
  });
  test("without a word says that it has none", () => {
    expect(refuse([refused(1_000, null), refused(2_000, null)])?.summary).toBe("app can't start: rejected without a reason");
  });
});
