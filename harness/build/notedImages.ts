import type Docker from "dockerode";
import { noteUse } from "../housekeeping/engineImages.ts";
import { imagesFolder } from "../housekeeping/folders.ts";
import { bounded, statusOf } from "../swarm/bounded.ts";
import type { PrepullResult } from "../swarm/images/prepull.ts";
import { tryParse } from "../swarm/images/reference.ts";

const callMs = 20_000;

/**
 * Pulls, and writes down which images that brought to an engine where there was none of the name: later only those may go, and those
 * that nobody used for a while.
 */
export async function noted(docker: Docker, refs: readonly string[], signal: AbortSignal, pull: () => Promise<PrepullResult>): Promise<PrepullResult> {
  const names = new Map(refs.flatMap((ref) => [[ref, nameOf(ref)] as const]));
  const missing = new Set<string>();
  for (const name of names.values()) if (name !== null && (await isMissing(docker, name, signal))) missing.add(name);
  const result = await pull();
  const there = result.images.flatMap(({ ref }) => names.get(ref) ?? []);
  await noteUse(docker, there, { folder: imagesFolder(), pulled: missing, signal });
  return result;
}

/** As engines list it; null for a digest, which has no name to take off, and for what is none. */
function nameOf(ref: string): string | null {
  const read = tryParse(ref);
  return read === null || read.digest !== null ? null : `${read.familiar}:${read.tag}`;
}

/** Not known to be there is not missing. */
async function isMissing(docker: Docker, name: string, signal: AbortSignal): Promise<boolean> {
  return bounded(`docker image inspect ${name}`, docker.getImage(name).inspect(), callMs, signal).then(() => false, (error: unknown) => statusOf(error) === 404);
}
