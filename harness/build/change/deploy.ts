import { FindingError } from "../../base/errors.ts";
import { humanDuration } from "../../base/clock.ts";
import { lastLines, type Outcome, saidBy } from "../../abra/outcome.ts";
import { orAbort, within } from "../../base/wait.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { Settled, Watch } from "../../watch/watch.ts";
import { watchApp } from "../app/app.ts";
import type { App } from "../app/appState.ts";
import { deployTimeoutMs, limitSetBy } from "../app/limits.ts";
import { must } from "../app/must.ts";
import { type AbraEnd, nextAfter } from "./nextAfter.ts";
import { ready } from "../ready/ready.ts";
import { needsOf } from "../app/settings.ts";
import type { Site } from "../site.ts";
import { untilOver } from "../app/standing.ts";
import { cappedIn } from "../app/trust.ts";

/** What abra may take beside any waiting, milliseconds; and with it the commands that it runs after a deployment. */
const abraMs = 120_000;
/** An app that is up needs no abra that is not done yet, unless it runs the recipe's commands. */
const unneededMs = 30_000;
/** abra is ended by the watch's deadline, not by its own limit at the same moment. */
const laterMs = 5_000;

/** What the latest look proves is told within this time. */
const knownMs = 100;

/** One call of `abra app deploy` and what it does to the app. */
interface Change {
  readonly name: string;
  readonly force: boolean;
  /** The recipe has commands that abra runs once its own wait is over. */
  readonly commands: boolean;
  readonly services: readonly string[];
  readonly timeoutMs: number;
  readonly timeoutSetBy?: string;
}

/**
 * Deploys what `moveTo` prepared and waits until the watch calls it settled and a visitor would see it.
 * @param o limitMs: where it may take less time than the recipe says, milliseconds
 * @throws FindingError as the watch judged, or class abra-refused where abra itself said no, wrong-port or unreachable;
 * unverified (commands-not-run) where abra never got to the recipe's commands
 */
export async function deploy(site: Site, swarm: Swarm, app: App, o: { force: boolean; name?: string; limitMs?: number }): Promise<void> {
  const { build } = site;
  const started = performance.now();
  const watch = app.watch ?? (await watchApp(site, swarm, app));
  const limitMs = Math.min(deployTimeoutMs(app), o.limitMs ?? Number.POSITIVE_INFINITY);
  const commands = (app.env.POST_DEPLOY_CMDS ?? "").trim() !== "";
  const change: Change = {
    name: o.name ?? (o.force ? "upgrade" : "deploy"),
    force: o.force,
    commands,
    services: app.compose.services.map((service) => service.name),
    timeoutMs: commands ? limitMs + abraMs : limitMs,
    ...limitSetBy(app.settings),
  };
  const { gaveUp, settled } = await make(site, swarm, app, watch, change);
  const { warnings } = gaveUp ? await runCommands(site, swarm, app, watch, change, gaveUp) : settled;
  for (const warning of warnings) build.warn(warning);
  await ready(site, swarm, app, limitMs);
  app.tookMs = Math.max(app.tookMs, performance.now() - started);
}

/**
 * One deployment by abra, with the watch beside it from before the first service: whoever knows first ends the other.
 * @returns how it settled; and abra's own end, where its wait gave up before that
 */
async function make(site: Site, swarm: Swarm, app: App, watch: Watch, change: Change): Promise<{ settled: Settled; gaveUp: Outcome | null }> {
  const { build } = site;
  await watch.beforeChange(change.name, { dependencies: needsOf(app), overlaid: app.overlaid, capped: cappedIn(app.overlays) });
  const settling = watch.settled(change);
  const converging = watch.converged(change);
  // Whoever ends abra has the reason; these two may have nobody left who asks.
  for (const waiting of [settling, converging]) waiting.catch(() => {});
  const outcome = await build.span("abra deploy", () => abraBeside(site, app, change, settling));
  const state = outcome?.ok ? null : await stateOf(watch, change, converging);
  const next = state ? nextAfter({ end: endOf(outcome), commands: change.commands, ...state }) : "go-on";
  // What was deployed with its overlays was not refused for one of them.
  if (next === "refused" && outcome) await must(swarm, app.tree, "app deploy", outcome, state?.reached ? undefined : app);
  if (next === "unneeded") build.warn("abra app deploy did not end although the app is deployed; it was ended, and the watch judged alone");
  watch.afterChange();
  const settled = await build.span("settle", () => orAbort(settling, untilOver(site, app)));
  return { settled, gaveUp: next === "gave-up" ? outcome : null };
}

/** What abra's end found: looked at anew, since abra may know a moment earlier. @throws what the watch found */
async function stateOf(watch: Watch, change: Change, converging: Promise<Settled>): Promise<{ reached: boolean; converged: boolean }> {
  const reached = await watch.reached(change.services);
  return { reached, converged: (await within(converging, knownMs)) !== null };
}

function endOf(outcome: Outcome | null): AbraEnd {
  if (outcome === null) return "ended";
  return outcome.timedOut ? "hung" : "refused";
}

/**
 * abra, which is ended with all that it started, and checked to be gone, the moment the watch has a verdict.
 * @returns null where it was ended because nobody needed it any more
 * @throws what the watch found; the build's interrupt
 */
async function abraBeside(site: Site, app: App, change: Change, settling: Promise<Settled>): Promise<Outcome | null> {
  const { build } = site;
  const enough = new AbortController();
  const unneeded = new Error("the app is up");
  const broken = untilOver(site, app);
  let timer: NodeJS.Timeout | undefined;
  settling.then(() => {
    if (!change.commands) timer = setTimeout(() => enough.abort(unneeded), unneededMs);
  }, (verdict: unknown) => enough.abort(verdict));
  try {
    return await app.abra.deploy({
      domain: app.domain,
      chaos: true,
      offline: true,
      noDomainChecks: true,
      // Without its own wait abra leaves out the recipe's commands.
      noConverge: !change.commands,
      force: change.force,
      timeoutMs: change.commands ? change.timeoutMs + laterMs : abraMs,
      signal: AbortSignal.any([broken, enough.signal]),
    });
  } catch (error) {
    const verdict: unknown = broken.aborted ? broken.reason : enough.signal.aborted ? enough.signal.reason : error;
    // It was to be ended and could not be: worth a word, but the verdict stands.
    if (error !== verdict && error instanceof FindingError) build.warn(error.message);
    if (verdict === unneeded) return null;
    throw verdict;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * abra gave up waiting before the app was up, so the recipe's commands have not run. The app is up now: deploying the same
 * once more changes nothing in it, and abra gets to the commands, as an operator would do it.
 */
async function runCommands(site: Site, swarm: Swarm, app: App, watch: Watch, first: Change, outcome: Outcome): Promise<Settled> {
  const after = `abra gave up waiting after ${humanDuration(outcome.durationMs)} (${saidBy(outcome)}), before the app was up`;
  site.build.warn(`${after}; deployed once more for its POST_DEPLOY_CMDS. A larger TIMEOUT makes it wait longer`);
  const { settled, gaveUp } = await make(site, swarm, app, watch, { ...first, name: `${first.name} again`, force: true });
  if (!gaveUp) return settled;
  throw new FindingError("unverified", {
    class: "commands-not-run",
    service: null,
    summary: "the app is up, but abra gave up waiting for it twice, so POST_DEPLOY_CMDS never ran",
    evidence: [after, ...lastLines(gaveUp)],
    hint: "raise TIMEOUT in .env.sample, or see why abra does not find the app converged",
  });
}
