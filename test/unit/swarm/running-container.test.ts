import type Docker from "dockerode";
import { expect, test } from "vitest";
import { runningContainer } from "../../../harness/swarm/running-container.ts";

const task = (created: string, state: string, container?: string, node?: string) => ({ CreatedAt: created, NodeID: node, Status: { State: state, ContainerStatus: { ContainerID: container } } });

function engine(tasks: readonly object[]): { docker: Docker; asked: unknown[] } {
  const asked: unknown[] = [];
  const listTasks = async (options: unknown) => {
    asked.push(options);
    return tasks;
  };
  return { docker: { listTasks } as unknown as Docker, asked };
}

test("the newest of a service's running tasks, with its node", async () => {
  const { docker, asked } = engine([task("2", "running", "second", "n2"), task("1", "running", "first"), task("3", "starting", "third"), task("4", "running")]);
  expect(await runningContainer(docker, "s_app")).toEqual({ node: "n2", container: "second" });
  expect(asked).toEqual([{ filters: { service: ["s_app"], "desired-state": ["running"] } }]);
});

test.each([[[]], [[task("1", "starting", "c")]], [[task("1", "running")]]])("none where none runs: %j", async (tasks) => {
  expect(await runningContainer(engine(tasks).docker, "s_app")).toBeNull();
});

test("ends when it is told to", async () => {
  const reason = new Error("interrupted");
  const docker = { listTasks: () => new Promise(() => {}) } as unknown as Docker;
  await expect(runningContainer(docker, "s_app", AbortSignal.abort(reason))).rejects.toBe(reason);
});
