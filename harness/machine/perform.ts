/** Does the steps of a plan. */
import type Docker from "dockerode";
import { infra } from "../base/errors.ts";
import { noteUse } from "../housekeeping/engineImages.ts";
import { imagesFolder } from "../housekeeping/folders.ts";
import { buildBaseImage } from "./base-image.ts";
import { bounded } from "./bounded.ts";
import { buildImage, followed, imageId } from "./build-image.ts";
import { baseImage, catalogue, type KnownImage, knownImage, registryImage } from "./catalogue.ts";
import { installPackages, startEngine } from "./engine.ts";
import { pushSeed, startSeedRegistry } from "./seed-registry.ts";
import type { Step } from "./types.ts";

export interface PerformOptions {
  readonly docker: Docker;
  /** By reference, the hash of what each image is built from. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** @returns lines for the banner. @throws infra by step; the signal's reason */
export async function perform(step: Step, options: PerformOptions): Promise<string[]> {
  const { docker, log, signal } = options;
  switch (step.kind) {
    case "packages":
      await installPackages(step.packages, log, signal);
      return [];
    case "engine": {
      const note = await startEngine(docker, signal);
      log(note);
      return [note];
    }
    case "pull":
      for (const ref of step.refs) await pull(ref, options);
      return [];
    case "build":
      await build(step.refs, options);
      return [];
    case "serve":
      await serve(step.push, options);
      return [];
  }
}

async function pull(ref: string, { docker, log, signal }: PerformOptions): Promise<void> {
  log(`pulling ${ref}`);
  const failure = await bounded(`pulling ${ref}`, 600_000, signal, async (abortSignal) => followed(docker, await docker.pull(ref, { abortSignal }), () => {}));
  if (failure !== null) throw infra("image-pull", `${ref} could not be pulled: ${failure}`, `try docker pull ${ref}`);
  // A plan pulls only what is not there, or what recipe-ci itself had built in its place.
  await noteUse(docker, [ref], { folder: imagesFolder(), pulled: new Set([ref]), signal });
}

async function build(refs: readonly string[], { docker, inputs, log, signal }: PerformOptions): Promise<void> {
  const images = catalogue.filter((image) => refs.includes(image.ref));
  const base = images.find((image) => image.ref === baseImage);
  const one = (image: KnownImage) => ({ inputs: inputs[image.ref]!, log, signal });
  if (base) await buildBaseImage(docker, base, one(base));
  const rest = images.filter((image) => image !== base);
  // Images of one folder share all but their last layer: one after the other, the second is made from the first's cache.
  const folders = [...new Set(rest.map((image) => image.folder))].map((folder) => rest.filter((image) => image.folder === folder));
  await twoAtATime(folders, signal, async (folder, both) => {
    for (const image of folder) await buildImage(docker, image, { ...one(image), signal: both });
  });
}

async function serve(push: readonly string[], { docker, log, signal }: PerformOptions): Promise<void> {
  const id = await imageId(docker, registryImage, signal);
  if (id === null) throw infra("image-missing", `${registryImage} is gone from the engine`, "run again");
  const port = await startSeedRegistry(docker, id, signal);
  const images = push.map(knownImage).filter((image) => image !== undefined);
  await twoAtATime(images, signal, (image, both) => pushSeed(docker, port, image, log, both));
}

/** Two hands on one pile. The first failure stops the other hand, and is what is thrown once both are still. */
async function twoAtATime<T>(items: readonly T[], signal: AbortSignal, work: (item: T, signal: AbortSignal) => Promise<void>): Promise<void> {
  const pile = [...items];
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const hand = async () => {
    for (let item = pile.shift(); item !== undefined; item = pile.shift()) {
      both.throwIfAborted();
      await work(item, both);
    }
  };
  const hands = [hand(), hand()].map((one) =>
    one.catch((error: unknown) => {
      stop.abort(error);
    }),
  );
  await Promise.all(hands);
  both.throwIfAborted();
}
