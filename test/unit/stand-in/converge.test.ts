import { describe, expect, test } from "vitest";
import { type Progress, step } from "../../abra/converge.ts";
import type { Service, Task } from "../../abra/engine.ts";

const none: Progress = { since: null, rollback: false };

function service(update?: string, monitor?: number, replicas = 1): Service {
  return {
    ID: "s",
    Spec: { Name: "x_app", Mode: { Replicated: { Replicas: replicas } }, TaskTemplate: {}, ...(monitor === undefined ? {} : { UpdateConfig: { Monitor: monitor * 1e6 } }) },
    ...(update === undefined ? {} : { UpdateStatus: { State: update } }),
  };
}

function task(state: string): Task {
  return { ID: "t", ServiceID: "s", CreatedAt: "", DesiredState: "running", Status: { State: state }, Spec: {} };
}

describe("the stand-in's wait keeps the docker client's rules, false greens and all", () => {
  test("all replicas running is converged only after the monitor window, 5 s by default", () => {
    const first = step(service(), [task("running")], none, 1000);
    expect(first).toEqual({ kind: "wait", progress: { since: 1000, rollback: false } });
    expect(step(service(), [task("running")], { since: 1000, rollback: false }, 5999).kind).toBe("wait");
    expect(step(service(), [task("running")], { since: 1000, rollback: false }, 6000).kind).toBe("done");
  });

  test("the window is the service's own monitor", () => {
    expect(step(service(undefined, 1000), [task("running")], { since: 0, rollback: false }, 1000).kind).toBe("done");
  });

  test("a lost task starts the window again", () => {
    expect(step(service(), [task("failed")], { since: 0, rollback: false }, 9000)).toEqual({ kind: "wait", progress: none });
  });

  test("a crash loop is never an error", () => {
    expect(step(service(), [task("failed")], none, 1e9).kind).toBe("wait");
  });

  test("`completed` from an earlier update is a success at once", () => {
    expect(step(service("completed"), [task("starting")], none, 0).kind).toBe("done");
  });

  test("`paused` and `rollback_paused` are errors at once, whatever runs", () => {
    expect(step(service("paused"), [task("running")], none, 0).kind).toBe("failed");
    expect(step(service("rollback_paused"), [task("running")], none, 0).kind).toBe("failed");
  });

  test("a rollback whose tasks run is a success", () => {
    expect(step(service("rollback_completed"), [task("running")], { since: 0, rollback: true }, 5000).kind).toBe("done");
  });

  test("too few replicas is not converged", () => {
    expect(step(service(undefined, undefined, 2), [task("running")], { since: 0, rollback: false }, 9000)).toEqual({ kind: "wait", progress: none });
  });
});
