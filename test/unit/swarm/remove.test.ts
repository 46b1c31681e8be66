import type Docker from "dockerode";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { removeRun } from "../../../harness/swarm/ephemeral/remove.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("an engine that never answers leaves the node as residue: nobody saw that it is gone", async () => {
  const never = () => new Promise<never>(() => {});
  const removing = removeRun({ listContainers: never, listVolumes: never } as unknown as Docker, "r1");
  await vi.advanceTimersByTimeAsync(31_000);
  expect(await removing).toMatchObject([{ kind: "node", name: "recipe-ci-r1-node1", remove: "docker container rm --force --volumes recipe-ci-r1-node1" }]);
});
