import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../base/paths.ts";
import { runBuild } from "../build/build.ts";
import { loadHostConfig } from "../config/host.ts";
import { fixtureRecipe } from "./fixture.ts";
import { buildRequest, type RunFlags } from "./options.ts";
import { runRequest } from "./run.ts";
import { worldFor } from "./world.ts";

/** The recipe of the demo, as the project's fixtures call it. */
const recipe = "wordpress";

/** `recipe-ci demo`: one whole build of a WordPress recipe, with stand-ins for what this machine can't have. @returns the exit code */
export async function demoCommand(flags: RunFlags): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "recipe-ci-demo-"));
  try {
    const request = { ...buildRequest(await fixtureRecipe(recipe, folder), flags, { RECIPE_CI_ABRA: process.env.RECIPE_CI_ABRA }), standIn: true, trigger: "demo" };
    const { config } = loadHostConfig(null);
    const bot = request.tiers.includes("backup") ? await imagesOf("backup-bot-two") : [];
    const images = [...(await imagesOf(recipe)), ...bot];
    return await runRequest(request, (build) => runBuild(build, worldFor(request, config, images)), flags.json ?? false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every image that any version of the fixture names. */
async function imagesOf(name: string): Promise<string[]> {
  const folder = join(packageRoot, "test/recipes", name);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith("compose.yml"));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/^\s+image: *(\S+)/gm)].map((match) => match[1] ?? "")))];
}
