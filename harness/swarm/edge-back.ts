import type Docker from "dockerode";
import { FindingError } from "../base/errors.ts";
import { bounded } from "./bounded.ts";
import { edgeAnswers, edgeName } from "./edge.ts";
import type { Edge } from "./types.ts";

/** An edge that came back with its ports answers within a few seconds of its Swarm, milliseconds. */
const patienceMs = 20_000;
const callMs = 20_000;

/**
 * Waits until the edge answers after a restart of its node. One that stays silent is started anew, once, as `docker service update
 * --force` does: engines sometimes bring a task back without its published ports (moby/moby#45171, #35717), and that is the known remedy.
 * @param o.patienceMs how long it may be silent before that
 * @returns what was seen of a silent one; null where it came back by itself
 * @throws FindingError infra `edge`; EngineTimeout, or the engine's error; the signal's reason
 */
export async function edgeReturns(docker: Docker, edge: Edge, o: { readonly timeoutMs: number; readonly patienceMs?: number }, signal: AbortSignal): Promise<string | null> {
  try {
    await edgeAnswers(docker, edge, Math.min(o.patienceMs ?? patienceMs, o.timeoutMs), signal);
    return null;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof FindingError)) throw error;
    await startAnew(docker, signal);
    await edgeAnswers(docker, edge, o.timeoutMs, signal);
    return error.reason.evidence.join("; ");
  }
}

interface RawService {
  readonly Version: { readonly Index: number };
  readonly Spec: Record<string, unknown> & { readonly TaskTemplate: { readonly ForceUpdate?: number } };
}

async function startAnew(docker: Docker, signal: AbortSignal): Promise<void> {
  const service = docker.getService(edgeName);
  const { Version, Spec } = (await bounded("docker service inspect", service.inspect(), callMs, signal)) as RawService;
  const { TaskTemplate } = Spec;
  const anew = { ...Spec, version: Version.Index, TaskTemplate: { ...TaskTemplate, ForceUpdate: (TaskTemplate.ForceUpdate ?? 0) + 1 } };
  await bounded("docker service update --force", service.update(anew), callMs, signal);
}
