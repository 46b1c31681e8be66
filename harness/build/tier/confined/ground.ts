import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { infra, messageOf } from "../../../base/errors.ts";
import { has, imageOnNode } from "../../../swarm/ephemeral/image.ts";
import type { Swarm } from "../../../swarm/types.ts";
import type { Build } from "../../context.ts";
import type { World } from "../../world.ts";
import { nodeProgram } from "./layout.ts";

/** What every container of a pull request's tests stands on, on the node. */
export interface ConfinedGround {
  /** The image's id there. */
  readonly image: string;
  /** Folder with the recipe's own tests there. */
  readonly tests: string;
}

/** Where runs make their sockets: known before there is a node, which is to see it. */
export function waysDir({ dir }: Pick<Build, "dir">): string {
  return join(dir, "ways");
}

/** The same, made. */
export async function madeWays(build: Pick<Build, "dir">): Promise<string> {
  const dir = waysDir(build);
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755);
  return dir;
}

const stepMs = 60_000;

/**
 * Brings the image and the tests to the node.
 * @param own folder of the tests on this machine
 * @throws infra (test-runner) where the node's engine is on another machine, or the image can't be had; the signal's reason
 */
export async function layGround({ signal }: Pick<Build, "signal">, world: World, swarm: Swarm, own: string): Promise<ConfinedGround> {
  const tests = `${swarm.shell.runDir}/tests`;
  const seen = await swarm.shell.exec(["test", "-x", nodeProgram], { timeoutMs: stepMs, signal });
  if (seen.exitCode !== 0) throw infra("test-runner", "the tests of a pull request can't be run here: the Docker engine does not see this machine's files", "use an engine of this machine, or give --trust data");
  await swarm.shell.putTree(own, tests);
  await swarm.shell.exec(["chmod", "-R", "a+rX", tests], { timeoutMs: stepMs, signal });
  try {
    // Where no registry answers it is built once more, should somebody have removed it.
    if (!(await has(world.host, world.testsImage))) await world.seed([world.testsImage], signal);
    return { image: await imageOnNode(world.host, swarm.docker, world.testsImage, signal), tests };
  } catch (error) {
    signal.throwIfAborted();
    throw infra("test-runner", `the image ${world.testsImage} for the tests of a pull request could not be had: ${messageOf(error)}`, "check that the image's registry answers, or give --trust data", [], error);
  }
}
