import { expectationsFor } from "../expectations.ts";
import { app, needs, test } from "../testing.ts";

const { file, step } = expectationsFor(app.context.expect, "hook");
/** Why the file can't be loaded; null where it could. Nothing of the recipe was tried then, so nothing of it is said. */
let unloaded: string | null = null;
const hooks = (await import(/* @vite-ignore */ file).catch((error: unknown) => {
  unloaded = error instanceof Error ? error.message : String(error);
  return {};
})) as Readonly<Record<string, unknown>>;
const run = hooks[step];

/** Real content takes longer than a look: a push, an upload, a browser. */
const limitMs = 300_000;

test(`hooks.ts: ${step}`, async ({ skip }) => {
  if (unloaded !== null) return skip(`hooks.ts can't be loaded: ${unloaded.split("\n").slice(0, 2).join(" ")}`);
  // The build knows this note: a step that is not there was not asked to do anything.
  if (run === undefined) return skip(`hooks.ts exports no ${step}`);
  if (typeof run !== "function") return skip(`${step} of hooks.ts is no function`);
  const answer = await (run as (live: typeof app, beside: typeof needs) => unknown)(app, needs);
  if (step === "wire" && answer !== undefined) await app.wired(answer as Record<string, string>);
}, limitMs);
