import { beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../../../harness/watch/observe/daemon.ts";
import { Details } from "../../../harness/watch/observe/details.ts";
import type { Intake } from "../../../harness/watch/observe/intake.ts";
import type { History } from "../../../harness/watch/types.ts";
import { type EndOptions, Scene } from "./scene.ts";

let asked: string[];
let details: Details;

beforeEach(() => {
  asked = [];
  const log = async (task: string) => {
    asked.push(task);
    return ["a line"];
  };
  details = new Details({
    daemon: { log } as unknown as Daemon,
    intake: { learn: () => {} } as unknown as Intake,
    now: () => 0,
    signal: new AbortController().signal,
  });
});

/** A task in a container that ended so, on a node of which no event tells. */
function ended(o: EndOptions): { history: History; task: string } {
  const scene = new Scene({ app: {} });
  scene.run("app");
  const task = scene.latest("app");
  scene.move(task, "running", { container: "c1" });
  scene.poll();
  scene.now += 1;
  scene.end("app", o);
  scene.poll();
  return { history: scene.history, task: task.id };
}

describe("the log of an end that no event told of", () => {
  test.each<[string, EndOptions]>([["that failed", { exit: 3 }], ["that ended well", { state: "complete" }]])("is read at its first sight, once: a task %s", (_, o) => {
    const { history, task } = ended(o);
    details.afterPoll(history);
    details.afterPoll(history);
    expect(asked).toEqual([task]);
  });

  test.each<[string, EndOptions]>([
    ["was told to stop", { state: "shutdown", asked: true }],
    ["was refused before it had a container", { state: "rejected" }],
  ])("is not read where the task %s", (_, o) => {
    details.afterPoll(ended(o).history);
    expect(asked).toEqual([]);
  });

  test("is read once also after thousands of others came and went", () => {
    const { history, task } = ended({ exit: 3 });
    details.afterPoll(history);
    for (let other = 0; other < 3_000; other++) {
      details.notice({ kind: "die", task: `other${other}`, container: "c", exitCode: 1, at: 0 });
      details.afterPoll(history);
    }
    expect(asked.filter((one) => one === task)).toHaveLength(1);
    expect(asked).toHaveLength(3_001);
  });
});

test("waiting for what is being read ends when it is read, and at its limit", async () => {
  let arrive: (lines: string[]) => void = () => {};
  const daemon = { log: () => new Promise<string[]>((resolve) => (arrive = resolve)) } as unknown as Daemon;
  const slow = new Details({ daemon, intake: { learn: () => {} } as unknown as Intake, now: () => 0, signal: new AbortController().signal });
  await slow.settle(60_000);
  slow.afterPoll(ended({ exit: 3 }).history);
  await slow.settle(1);
  const settled = slow.settle(60_000);
  arrive([]);
  await settled;
});
