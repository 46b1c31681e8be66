import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { BackupBot, Snapshot } from "../../../harness/build/backup/backupTypes.ts";
import { forgetSnapshots } from "../../../harness/build/backup/forget.ts";
import { WaitTimeout } from "../../../harness/base/wait.ts";
import { Journal } from "../../../harness/build/journal.ts";
import type { Site } from "../../../harness/build/site.ts";

const dir = mkdtempSync(join(tmpdir(), "recipe-ci-forget-"));
afterAll(() => rmSync(dir, { recursive: true }));
let count = 0;

/** A site of which only what is looked at exists: its journal, its warnings, its bot. */
function siteWith(stacks: readonly string[], bot: Partial<BackupBot> | null): { site: Site; warnings: string[] } {
  const journal = new Journal(join(dir, `${++count}.ndjson`));
  for (const name of stacks) journal.will({ kind: "snapshots", name, domain: name.replaceAll("_", ".") });
  const warnings: string[] = [];
  const site = { build: { journal, warn: (line: string) => warnings.push(line) }, backupBotIfAny: async () => bot };
  return { site: site as unknown as Site, warnings };
}

const snapshot = (id: string, stack: string): Snapshot => ({ id, at: "2026-01-01T00:00:00.000Z", tags: [stack], paths: [] });

/** A repository in memory; `stubborn` ids stay. */
function botOf(all: Snapshot[], stubborn: readonly string[] = []): Partial<BackupBot> & { all: () => string[] } {
  let there = all;
  return {
    name: "bot_app",
    all: () => there.map(({ id }) => id),
    snapshots: async ({ stack }) => there.filter(({ tags }) => tags.join() === stack),
    quiet: async () => {},
    mixed: async ({ stack }) => there.filter(({ tags }) => tags.includes(stack) && tags.length > 1),
    forget: async (ids) => {
      there = there.filter(({ id }) => !ids.includes(id) || stubborn.includes(id));
    },
  };
}

test("snapshots of this run's apps go, others stay", async () => {
  const bot = botOf([snapshot("a1", "a_test"), snapshot("b1", "b_test"), snapshot("x1", "x_test")]);
  const { site } = siteWith(["a_test", "b_test", "a_test"], bot);
  expect(await forgetSnapshots(site)).toEqual([]);
  expect(bot.all()).toEqual(["x1"]);
});

test("a run that backed nothing up asks nobody", async () => {
  expect(await forgetSnapshots(siteWith([], null).site)).toEqual([]);
});

test("incident 29: one that stays is residue, with the command that removes it", async () => {
  const { site } = siteWith(["a_test"], botOf([snapshot("a1", "a_test"), snapshot("a2", "a_test")], ["a2"]));
  expect(await forgetSnapshots(site)).toEqual([
    { kind: "snapshot", id: "a2", name: "backup of a.test", remove: "docker exec $(docker ps -q -f label=com.docker.swarm.service.name=bot_app) restic forget --prune a2" },
  ]);
});

test("where nobody can look, nobody knows: residue and a warning, and the other apps are still seen to", async () => {
  const bot = botOf([snapshot("b1", "b_test")]);
  const gone: Partial<BackupBot> = { ...bot, snapshots: async (app) => (app.stack === "a_test" ? Promise.reject(new Error("no answer")) : (bot.snapshots?.(app) ?? [])) };
  const { site, warnings } = siteWith(["b_test", "a_test"], gone);
  expect((await forgetSnapshots(site)).map(({ id, remove }) => [id, remove.split(") ")[1]])).toEqual([["unknown", "restic snapshots --tag a_test; then restic forget --prune those that hold nothing else"]]);
  expect(bot.all()).toEqual([]);
  expect(warnings).toEqual(["teardown: snapshots of a.test: no answer"]);
});

describe("a backup that was interrupted goes on in the bot", () => {
  test("its late snapshot is waited for, and goes too", async () => {
    const repository = [snapshot("a1", "a_test")];
    const bot = botOf(repository);
    const { site } = siteWith(["a_test"], { ...bot, quiet: async () => void repository.push(snapshot("late", "a_test")) });
    expect(await forgetSnapshots(site)).toEqual([]);
    expect(bot.all()).toEqual([]);
  });

  test("for no longer than teardown can wait: what may still come is residue, with the command that finds it", async () => {
    const bot = botOf([snapshot("a1", "a_test")]);
    const { site, warnings } = siteWith(["a_test"], { ...bot, quiet: () => Promise.reject(new WaitTimeout("the end of it", "it goes on", 90_000)) });
    expect(await forgetSnapshots(site)).toMatchObject([{ kind: "snapshot", id: "unknown", remove: expect.stringContaining("restic snapshots --tag a_test") }]);
    expect(bot.all()).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("may still come")]);
  });
});

test("one that holds another app besides stays, and a warning says so", async () => {
  const bot = botOf([snapshot("a1", "a_test"), { ...snapshot("all1", "a_test"), tags: ["a_test", "shop"] }]);
  const { site, warnings } = siteWith(["a_test"], bot);
  expect(await forgetSnapshots(site)).toEqual([]);
  expect(bot.all()).toEqual(["all1"]);
  expect(warnings).toEqual(["teardown: snapshot all1 holds a.test and other apps besides: it stays"]);
});

test("a bot that is gone", async () => {
  const { site, warnings } = siteWith(["a_test"], null);
  expect(await forgetSnapshots(site)).toMatchObject([{ kind: "snapshot", id: "unknown" }]);
  expect(warnings).toEqual(["teardown: snapshots of a.test: the backup bot is gone"]);
});
