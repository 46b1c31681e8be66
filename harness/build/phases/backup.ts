import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FindingError, UsageError } from "../../base/errors.ts";
import { orAbort } from "../../base/wait.ts";
import { type BackupPlan, backupPlan } from "../../recipe/backup.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { TierName } from "../../../reports/results.ts";
import type { BackupExpectations, Dump } from "../../../tiers/context.ts";
import type { App } from "../app/appState.ts";
import { backupBot } from "../backup/backupBot.ts";
import type { BackedUp } from "../backup/backedUp.ts";
import { told } from "../backup/backupOutcome.ts";
import { type BackupBot, type BackupFile, type Created, mostContentBytes, type Snapshot } from "../backup/backupTypes.ts";
import type { Build } from "../context.ts";
import { skipDeclared } from "../tier/declaredSkips.ts";
import { addHook, runHook } from "../tier/hooks.ts";
import { settledAgain } from "../change/settledAgain.ts";
import type { Site } from "../site.ts";
import { underWatch, untilBroken } from "../app/standing.ts";
import { subject } from "../app/subject.ts";
import { genericFiles, runTier } from "../tier/tiers.ts";
import { capturedSpots, type Gap, markerNames, planWitnesses, type SeenSpot } from "../witness/plan.ts";
import { capturedIn, databasesOf, dumpsIn, hasFile, journalsOf } from "../witness/snapshot.ts";
import { Witnesses } from "../witness/witnesses.ts";
import { startNeeds } from "../needs/needs.ts";
import type { Plan } from "../plan.ts";

/**
 * Plants witnesses, lets abra make a backup, looks into this run's snapshot, backup tier. Also made where only the restore was asked for.
 * @returns null where there is nothing to restore; why stands in the findings
 */
export async function backup(site: Site, plan: Plan): Promise<BackedUp | null> {
  const { build } = site;
  startNeeds(site, plan);
  if (!wants(build, "backup") && !wants(build, "restore")) return null;
  const app = subject(plan);
  if (!app) return neither(build, "unverified", "no app of the commit under test is up");
  const labels = backupPlan(app.compose);
  if (!labels.enabled) return neither(build, "skipped", "no service has the label backupbot.backup=true");
  const judged = wants(build, "backup") && !skipDeclared(build, "backup");
  const swarm = await site.swarm();
  const restored = wants(build, "restore") && !skipDeclared(build, "restore") && !isShared(build, swarm, labels);
  if (!judged && !restored) return null;
  const bot = await build.span("bot ready", () => orWhy(orAbort(backupBot(site, swarm), untilBroken(site))));
  if (typeof bot === "string") return neither(build, "unverified", bot);
  await build.span("settle", () => settledAgain(site, app));
  const seed = app.seeded ? null : await runHook(site, app, "backup", "seed");
  const witnesses = new Witnesses(swarm, app.stack, untilBroken(site));
  const { seen, gaps } = await build.span("witnesses", () => plant(witnesses, app, labels));
  const created = await build.span("abra app backup create", () => orWhy(underWatch(site, (signal) => bot.create(app, signal))));
  if (typeof created === "string") return neither(build, "unverified", created);
  const snapshot = created.made.at(-1) ?? null;
  const files = snapshot ? await build.span("snapshot", () => bot.files(snapshot.id)) : [];
  if (judged) {
    await judge(site, { app, bot, labels, created, seen, files, witnesses });
    addHook(build, "backup", seed, "front");
  }
  if (!snapshot && restored) say(build, "restore", "unverified", "there is no snapshot of this run to restore");
  return snapshot && restored ? { app, bot, labels, snapshot, witnesses, gaps, seed: judged ? null : seed } : null;
}

/**
 * A Swarm without a bot, a machine that nobody agreed to change for one, or a bot that backs up other apps with this one costs these two
 * tiers. @throws infra where the bot does not come up
 */
async function orWhy<T>(wanted: Promise<T>): Promise<T | string> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof FindingError && (error.blame === "unverified" || error.cause instanceof UsageError)) return `${error.message}; ${error.reason.hint}`;
    throw error;
  }
}

/** On a Swarm that stays, a restore of a shared volume takes other apps' data back as well: then none is made, and the tier says so. */
function isShared(build: Build, swarm: Swarm, { volumes }: BackupPlan): boolean {
  const shared = volumes.filter((volume) => volume.shared).map(({ name }) => name);
  if (swarm.kind !== "local" || shared.length === 0) return false;
  say(build, "restore", "unverified", `nothing is restored here: the backup takes ${shared.join(", ")}, which other apps of this Swarm may use; test on a throwaway Swarm`);
  return true;
}

function wants({ request }: Build, tier: TierName): boolean {
  return request.tiers.includes(tier);
}

/** Both tiers end before they begin. */
function neither(build: Build, status: "unverified" | "skipped", reason: string): null {
  for (const tier of ["backup", "restore"] as const) say(build, tier, status, reason);
  return null;
}

function say(build: Build, name: TierName, status: "unverified" | "skipped", reason: string): void {
  const isSaid = build.findings.tiers.some((tier) => tier.name === name);
  if (wants(build, name) && !isSaid) build.findings.tiers.push({ name, status, reason: `${name}: ${reason}`, tests: [] });
}

async function plant(witnesses: Witnesses, app: App, labels: BackupPlan): Promise<{ seen: SeenSpot[]; gaps: Gap[] }> {
  const seen = await witnesses.see(capturedSpots(labels, app.stack));
  const planned = planWitnesses(seen, app.compose, labels.hooks);
  return { seen, gaps: [...planned.gaps, ...(await witnesses.plant(planned.witnesses))] };
}

interface Made {
  readonly app: App;
  readonly bot: BackupBot;
  readonly labels: BackupPlan;
  readonly created: Created;
  readonly seen: readonly SeenSpot[];
  readonly files: readonly BackupFile[];
  readonly witnesses: Witnesses;
}

/** Dumps are brought to this machine for as long as the tests read them. */
async function judge(site: Site, made: Made): Promise<void> {
  const dir = join(site.build.dir, "dumps");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  try {
    const expect = await site.build.span("dumps", () => expectations(made, dir));
    await runTier(site, made.app, { files: await genericFiles("backup"), expect });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function expectations({ app, bot, labels: { hooks }, created, seen, files, witnesses }: Made, dir: string): Promise<BackupExpectations> {
  const snapshot = created.made.at(-1);
  const hooked = hooks.some(({ backupPre }) => backupPre !== null);
  // What is not there and what no hook makes can't be in the snapshot: the restore says so.
  const spots = seen.filter((one) => one.seen !== "absent" || hooked).map(({ spot }) => spot);
  const inDir = (index: number) => join(dir, String(index));
  const databases = databasesOf(app.compose, seen);
  // Of a server whose data is taken as it lies there the restore shows it.
  const raw = new Set(databases.filter((database) => database.raw).map(({ service }) => service));
  const dumps = snapshot ? await Promise.all(dumpsIn(files, spots).map((dump, index) => bring(bot, snapshot, files, dump, inDir(index)))) : [];
  return {
    tier: "backup",
    created: told(created.outcome),
    snapshots: created.made.map(({ id, at }) => ({ id, at })),
    captured: capturedIn(files, spots, hooks),
    dumps,
    markers: witnesses.planted.flatMap((witness) => (witness.kind === "marker" ? [{ what: witness.what, inSnapshot: hasFile(files, witness.spot, markerNames.first) }] : [])),
    rows: witnesses.planted.flatMap((witness) => (witness.kind === "row" && !raw.has(witness.service) ? [{ what: witness.what, wanted: witnesses.wanted }] : [])),
    databases,
  };
}

async function bring(bot: BackupBot, snapshot: Snapshot, files: readonly BackupFile[], { file, named }: { file: BackupFile; named: boolean }, to: string): Promise<Dump> {
  const dump = { path: file.path, bytes: file.bytes, named };
  if (file.bytes > mostContentBytes) return { ...dump, file: null };
  await writeFile(to, await bot.content(snapshot.id, file.path), { mode: 0o600 });
  for (const journal of journalsOf(files, file)) {
    if (journal.file.bytes <= mostContentBytes) await writeFile(to + journal.suffix, await bot.content(snapshot.id, journal.file.path), { mode: 0o600 });
  }
  return { ...dump, file: to };
}
