import { beforeEach, describe, expect, test } from "vitest";
import { addToTask } from "../../../harness/watch/history.ts";
import { defaultLimits } from "../../../harness/watch/limits.ts";
import { Reporter } from "../../../harness/watch/report.ts";
import { Saved, type SavedFailure } from "../../../harness/watch/saved.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
let written: SavedFailure[];
let saved: Saved;

beforeEach(() => {
  scene = new Scene({ app: {} });
  written = [];
  saved = new Saved(defaultLimits, (failure) => written.push(failure));
});

/** A task that lives a second and exits with a code; its log is there when its end is seen. */
function fail(exit: number, log: readonly string[] = [`exit ${exit}`]): string {
  scene.run("app");
  const { id } = scene.latest("app");
  scene.poll();
  scene.now += 1;
  scene.history = addToTask(scene.history, id, { log });
  scene.end("app", { exit });
  scene.poll();
  look();
  return id;
}

const look = () => saved.look(scene.history, scene.now * 1000);
const told = () => written.map(({ which, exitCode, log }) => `${which} ${exitCode} ${log.join("|")}`);

describe("a slot's failures", () => {
  test("the first is told when it is seen, each later one as the latest, once", () => {
    fail(1);
    look();
    fail(2);
    fail(3);
    look();
    expect(told()).toEqual(["first 1 exit 1", "latest 2 exit 2", "latest 3 exit 3"]);
    expect(written[0]).toMatchObject({ change: "deploy", service: "app", slot: "1", error: "task: non-zero exit (1)", excusedBy: null });
  });

  test("are told again when the log arrives later", () => {
    const task = fail(1, []);
    scene.history = addToTask(scene.history, task, { log: ["late"] });
    look();
    expect(told()).toEqual(["first 1 ", "first 1 late"]);
  });

  test("of another change are its own first and latest", () => {
    fail(1);
    fail(2);
    scene.now += 1;
    scene.change("upgrade", { app: "app-v2" });
    scene.replace("app");
    fail(3);
    expect(written.map(({ change, which, exitCode }) => `${change} ${which} ${exitCode}`)).toEqual(["deploy first 1", "deploy latest 2", "upgrade first 3"]);
  });

  test("told to stop are none", () => {
    scene.run("app");
    scene.poll();
    scene.end("app", { asked: true, state: "shutdown" });
    scene.poll();
    look();
    expect(written).toEqual([]);
  });
});

describe("the report", () => {
  test("has the log of the first and the latest failure of each slot and change, and of no other", () => {
    const reporter = new Reporter(defaultLimits, saved);
    for (const exit of [1, 2, 3]) fail(exit);
    reporter.keep(scene.history, scene.now * 1000);
    scene.now += 1;
    scene.change("upgrade", { app: "app-v2" });
    scene.replace("app");
    for (const exit of [4, 5, 6]) fail(exit);
    const { failures } = reporter.report(scene.history, scene.now * 1000, null);
    expect(failures.map(({ exitCode, log }) => `${exitCode} ${log.join("|")}`)).toEqual(["1 exit 1", "2 ", "3 exit 3", "4 exit 4", "5 ", "6 exit 6"]);
  });

  test("keeps no more logs than that in memory, whatever fails", () => {
    for (let exit = 1; exit <= 500; exit++) fail(exit % 200 + 1, ["x".repeat(1_000)]);
    expect(scene.history.tasks.filter(({ log }) => log.length > 0).length).toBeLessThanOrEqual(3);
    const { failures } = new Reporter(defaultLimits, saved).report(scene.history, scene.now * 1000, null);
    expect(failures.filter(({ log }) => log.length > 0)).toHaveLength(2);
  });
});
