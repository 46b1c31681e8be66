import { expectationsFor } from "../expectations.ts";
import { type App, app, test } from "../testing.ts";

const { file, step } = expectationsFor(app.context.expect, "hook");
const hooks = (await import(/* @vite-ignore */ file)) as Readonly<Record<string, ((app: App) => unknown) | undefined>>;
const run = hooks[step];

/** Real content takes longer than a look: a push, an upload, a browser. */
const limitMs = 300_000;

test(`hooks.ts: ${step}`, async ({ skip }) => {
  // The build knows this note: a step that is not there was not asked to do anything.
  if (run === undefined) return skip(`hooks.ts exports no ${step}`);
  await run(app);
}, limitMs);
