import type Docker from "dockerode";
import type { Readable } from "node:stream";
import { infra, messageOf } from "../../base/errors.ts";
import { bounded, statusOf } from "../bounded.ts";
import type { EdgeImage } from "../edge.ts";

const transferMs = 180_000;

/**
 * Brings the edge's image to a node: from the host's engine where that has it, else the node pulls it.
 * @throws FindingError infra `edge-image`
 */
export async function bringImage(host: Docker, node: Docker, image: string, signal: AbortSignal): Promise<EdgeImage> {
  try {
    return { id: await imageOnNode(host, node, image, signal), command: ["traefik"], mounts: [] };
  } catch (error) {
    signal.throwIfAborted();
    throw infra("edge-image", `the edge's image ${image} could not be had: ${messageOf(error)}`, "check that the image's registry answers", [], error);
  }
}

/**
 * Brings an image to a node: from the host's engine where that has it, else the node pulls it.
 * @returns its id there
 * @throws EngineTimeout, or the engine's error; the signal's reason
 */
export async function imageOnNode(host: Docker, node: Docker, image: string, signal: AbortSignal): Promise<string> {
  if (await has(host, image)) await handOver(host, node, image, signal);
  else await pull(node, image, signal);
  return (await bounded("docker image inspect", node.getImage(image).inspect(), 20_000, signal)).Id;
}

/** Whether an engine has an image. @throws EngineTimeout, or the engine's error */
export async function has(docker: Docker, image: string): Promise<boolean> {
  try {
    await bounded("docker image inspect", docker.getImage(image).inspect(), 20_000);
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Streams an image from one engine to another. */
export async function handOver(from: Docker, to: Docker, image: string, signal: AbortSignal): Promise<void> {
  const tar = await bounded("docker save", from.getImage(image).get(), transferMs, signal);
  const answer = await bounded("docker load", to.loadImage(tar), transferMs, signal);
  await bounded("docker load", finished(to, answer as Readable), transferMs, signal);
}

async function pull(node: Docker, image: string, signal: AbortSignal): Promise<void> {
  const answer = await bounded("docker pull", node.pull(image), transferMs, signal);
  await bounded("docker pull", finished(node, answer as Readable), transferMs, signal);
}

/** The engine says what went wrong inside the stream. */
function finished(docker: Docker, stream: Readable): Promise<void> {
  return new Promise((resolve, reject) => docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())));
}
