import { posix } from "node:path";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { extract, pack } from "tar-stream";
import { bounded, statusOf } from "./bounded.ts";
import { stackFilter } from "./stack.ts";

/** A container of a stack on this engine, with what is mounted in it. */
export interface StackContainer {
  readonly id: string;
  /** Without the stack's name. */
  readonly service: string;
  readonly running: boolean;
  /** Volumes only, by their name in Docker. */
  readonly mounts: readonly { readonly volume: string; readonly path: string }[];
}

const callMs = 20_000;
/** Of a file that is read whole, bytes. */
const mostBytes = 65_536;

/**
 * A stack's containers on this engine, running ones first, the newest of them first.
 * @throws EngineTimeout, or the engine's error
 */
export async function stackContainers(docker: Docker, stack: string): Promise<StackContainer[]> {
  const filters = stackFilter(stack);
  const listed = await bounded(`containers of ${stack}`, docker.listContainers({ all: true, filters }), callMs);
  return listed
    .map((one) => ({ one, running: one.State === "running" }))
    .sort((a, b) => Number(b.running) - Number(a.running) || b.one.Created - a.one.Created)
    .map(({ one, running }) => ({
      id: one.Id,
      service: (one.Labels["com.docker.swarm.service.name"] ?? "").slice(stack.length + 1),
      running,
      mounts: one.Mounts.flatMap(({ Type, Name, Destination }) => (Type === "volume" && Name ? [{ volume: Name, path: Destination }] : [])),
    }));
}

/** os.FileMode's bits, as the engine tells them. */
const dirBit = 2 ** 31;
const symlinkBit = 2 ** 27;

/**
 * What stands at a path of a container, in its volumes too. A link counts as what it leads to.
 * @throws EngineTimeout, or the engine's error (404 with no such container too)
 */
export async function kindAt(docker: Docker, container: string, path: string, links = 3): Promise<"directory" | "file" | "absent"> {
  try {
    const answer = (await bounded(`a look at ${path}`, docker.getContainer(container).infoArchive({ path }), callMs)) as Readable & { headers: Record<string, string | undefined> };
    answer.resume();
    const { mode, linkTarget } = JSON.parse(Buffer.from(answer.headers["x-docker-container-path-stat"] ?? "", "base64").toString()) as { mode: number; linkTarget: string };
    if (Math.floor(mode / symlinkBit) % 2 === 1 && links > 0) return await kindAt(docker, container, posix.resolve(posix.dirname(path), linkTarget), links - 1);
    return mode >= dirBit ? "directory" : "file";
  } catch (error) {
    if (statusOf(error) === 404) return "absent";
    throw error;
  }
}

/**
 * Writes small files into a folder of a container, in its volumes too; nothing in the container is run for it.
 * @throws EngineTimeout, or the engine's error: no such folder, a read-only mount
 */
export async function putFiles(docker: Docker, container: string, folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o644 }, content);
  tar.finalize();
  await bounded(`files into ${folder}`, docker.getContainer(container).putArchive(tar as unknown as NodeJS.ReadableStream, { path: folder }), callMs);
}

/**
 * A small file of a container, in its volumes too; null where there is none.
 * @throws EngineTimeout, or the engine's error
 */
export async function readSmallFile(docker: Docker, container: string, path: string): Promise<string | null> {
  try {
    const tar = await bounded(`reading ${path}`, docker.getContainer(container).getArchive({ path }), callMs);
    return await bounded(`reading ${path}`, firstFile(tar as Readable), callMs);
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function firstFile(tar: Readable): Promise<string> {
  const entries = extract();
  tar.on("error", (error) => entries.destroy(error)).pipe(entries);
  let text = "";
  for await (const entry of entries) {
    for await (const chunk of entry as AsyncIterable<Buffer>) if (text.length < mostBytes) text += chunk.toString("utf8");
  }
  return text;
}
