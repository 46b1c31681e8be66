import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";
import type { Subject, World } from "./world.ts";

/** Plays a backup bot: it says how it was called, and fails where it is asked for the snapshot "bad". Compose reads $$ as $. */
const bot = [
  'printf \'%s\\n\' \'#!/bin/sh\' \'echo "$* SERVICE=$SERVICE SNAPSHOT=$SNAPSHOT NONINTERACTIVE=$NONINTERACTIVE" | tee -a /data/calls\' \'[ "$SNAPSHOT" != bad ]\' > /usr/bin/backup',
  "chmod +x /usr/bin/backup",
  "trap 'exit 0' TERM",
  "sleep infinity & wait",
].join("; ").replaceAll("$", "$$$$");

/** An app, and a bot beside it. */
async function withBot(w: World): Promise<{ app: Subject; calls: () => Promise<string> }> {
  const other = await w.app({ script: bot, deploy: '  - "coop-cloud.backupbot.enabled=true"' });
  await w.deploy(other);
  const app = await w.app();
  return { app, calls: () => w.shell(`docker exec $(docker ps -q -f label=com.docker.swarm.service.name=${other.stack}_app) cat /data/calls`) };
}

/** Backups: abra hands them to the backup bot. */
export const backupAssumptions: readonly Assumption[] = [
  assume("backup-pty", "B", "`app backup create` and `app restore` need a terminal even with -n", async (w) => {
    const app = await w.app();
    await w.refused(["app", "backup", "create", "-n", app.domain], /inappropriate ioctl for device/);
    await w.refused(["app", "restore", "-n", app.domain], /inappropriate ioctl for device/);
  }),
  assume("backup-bot", "I", "backups are refused where backup-bot-two is not deployed", async (w) => {
    const app = await w.app();
    await w.refused(["app", "backup", "create", "-n", app.domain], /FATA/, { pty: true });
  }),
  assume("backup-create", "R", "`app backup create -n -C` runs `backup create` in the container of the service labelled coop-cloud.backupbot.enabled=true, SERVICE being the domain", async (w) => {
    const { app, calls } = await withBot(w);
    await w.ok(["app", "backup", "create", "-n", "-C", app.domain], { pty: true });
    assert.match(await calls(), new RegExp(`create SERVICE=${app.domain} `));
  }),
  assume("backup-tree", "R", "with -C the recipe's tree stays where it is, as for other commands", async (w) => {
    const { app } = await withBot(w);
    const before = await w.git(app, "rev-parse", "HEAD");
    await w.ok(["app", "backup", "create", "-n", "-C", app.domain], { pty: true });
    assert.equal(await w.git(app, "rev-parse", "HEAD"), before);
  }),
  assume("backup-snapshots", "R", "`app backup snapshots` prints what the bot's `backup snapshots` says, without a terminal", async (w) => {
    const { app } = await withBot(w);
    assert.match((await w.ok(["app", "backup", "snapshots", "-n", "-C", app.domain])).stdout, new RegExp(`snapshots SERVICE=${app.domain} `));
  }),
  assume("restore-snapshot", "R", "`app restore -n -C --snapshot=ID` runs `backup restore` with SNAPSHOT=ID and without asking", async (w) => {
    const { app, calls } = await withBot(w);
    await w.ok(["app", "restore", "-n", "-C", "--snapshot=0123abcd", app.domain], { pty: true });
    assert.match(await calls(), new RegExp(`restore SERVICE=${app.domain} SNAPSHOT=0123abcd NONINTERACTIVE=true`));
  }),
  assume("restore-latest", "R", "`app restore` without a snapshot leaves the choice to the bot", async (w) => {
    const { app, calls } = await withBot(w);
    await w.ok(["app", "restore", "-n", "-C", app.domain], { pty: true });
    assert.match(await calls(), new RegExp(`restore SERVICE=${app.domain} SNAPSHOT=(latest)? `));
  }),
  assume("backup-bot-fails", "R", "a bot's command that fails makes abra end with 1", async (w) => {
    const { app } = await withBot(w);
    await w.refused(["app", "restore", "-n", "-C", "--snapshot=bad", app.domain], /FATA/, { pty: true });
  }),
];
