import { messageOf } from "../../base/errors.ts";
import { WaitTimeout } from "../../base/wait.ts";
import type { Residue } from "../../swarm/types.ts";
import type { BackupBot, Owner } from "./backupTypes.ts";
import type { Site } from "../site.ts";

const limitMs = 270_000;

/**
 * Removes this run's snapshots from the repository of a bot that stays, and looks whether they are gone. Those of a throwaway Swarm
 * go with its node. Never throws.
 * @returns what is still there, or can't be known to be gone
 */
export async function forgetSnapshots(site: Site): Promise<Residue[]> {
  const apps = site.build.journal.backwards().flatMap((entry) => (entry.kind === "snapshots" ? [{ domain: entry.domain, stack: entry.name, volumes: entry.volumes ?? [] }] : []));
  const unique = [...new Map(apps.map((app) => [app.stack, app])).values()];
  if (unique.length === 0) return [];
  const bot = await site.backupBotIfAny();
  const residue: Residue[] = [];
  for (const app of unique) {
    try {
      if (!bot) throw new Error("the backup bot is gone");
      residue.push(...(await forgotten(site, bot, app)));
    } catch (error) {
      site.build.warn(`teardown: snapshots of ${app.domain}: ${messageOf(error)}`);
      residue.push(unknown(bot, app));
    }
  }
  return residue;
}

/** What holds other apps besides is their owner's: it is told of and left alone. */
async function forgotten(site: Site, bot: BackupBot, app: Owner): Promise<Residue[]> {
  const signal = AbortSignal.timeout(limitMs);
  const late = await stillMade(site, bot, app, signal);
  await bot.forget((await bot.snapshots(app, signal)).map(({ id }) => id));
  for (const { id } of await bot.mixed(app, signal)) site.build.warn(`teardown: snapshot ${id.slice(0, 8)} holds ${app.domain} and other apps besides: it stays`);
  return [...late, ...(await bot.snapshots(app, signal)).map(({ id }) => residueOf(bot, id, app.domain, `restic forget --prune ${id}`))];
}

/** A backup that was interrupted goes on in the bot. @returns what may still come of it when nobody can wait any longer */
async function stillMade(site: Site, bot: BackupBot, app: Owner, signal: AbortSignal): Promise<Residue[]> {
  try {
    await bot.quiet(app, signal);
    return [];
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    site.build.warn(`teardown: a snapshot of ${app.domain} may still come: ${error.message}`);
    return [unknown(bot, app)];
  }
}

function unknown(bot: BackupBot | null, { domain, stack }: Owner): Residue {
  return residueOf(bot, "unknown", domain, `restic snapshots --tag ${stack}; then restic forget --prune those that hold nothing else`);
}

function residueOf(bot: BackupBot | null, id: string, domain: string, remove: string): Residue {
  return { kind: "snapshot", id, name: `backup of ${domain}`, remove: `docker exec $(docker ps -q -f label=com.docker.swarm.service.name=${bot?.name ?? "BACKUP_BOT"}) ${remove}` };
}
