import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newApp, watchApp } from "../../harness/build/app/app.ts";
import type { App } from "../../harness/build/app/appState.ts";
import { backupBot } from "../../harness/build/backup/backupBot.ts";
import type { BackupBot, BackupFile, Snapshot } from "../../harness/build/backup/backupTypes.ts";
import { Build } from "../../harness/build/context.ts";
import { deploy } from "../../harness/build/change/deploy.ts";
import { forgetSnapshots } from "../../harness/build/backup/forget.ts";
import { admit } from "../../harness/build/phases/admit.ts";
import { fetch } from "../../harness/build/phases/fetch.ts";
import { prepare } from "../../harness/build/phases/prepare.ts";
import { preflight } from "../../harness/build/phases/preflight.ts";
import { prepull } from "../../harness/build/phases/prepull.ts";
import { teardown } from "../../harness/build/phases/teardown.ts";
import { Site } from "../../harness/build/site.ts";
import { buildRequest } from "../../harness/commands/options.ts";
import { worldFor } from "../../harness/commands/world.ts";
import { loadHostConfig } from "../../harness/config/host.ts";
import { backupBotImage } from "../../harness/machine/catalogue.ts";
import type { Swarm } from "../../harness/swarm/types.ts";
import { testMachine } from "./host.ts";
import { Lab, standIn } from "./support/lab.ts";

/** The backup bot with real restic on a Swarm of its own, beside two apps of a recipe that is backed up in each way it knows. */

const signal = AbortSignal.timeout(280_000);
const lines: string[] = [];

let lab: Lab;
let site: Site;
let swarm: Swarm;
let bot: BackupBot;
let app: App;
let other: App;
let first: Snapshot;

beforeAll(async () => {
  await testMachine(["nginx:1.27", backupBotImage], signal);
  lab = await Lab.open();
  process.env.RECIPE_CI_STATE = lab.path("state");
  const flags = { abra: standIn, out: lab.path("out"), ...(process.env.RECIPE_CI_INSTALL === "1" ? { install: true } : {}) };
  const request = { ...buildRequest(await lab.recipe("backed-up"), flags, {}), tiers: ["install", "backup"] as const };
  site = new Site(new Build(request, (event) => lines.push(JSON.stringify(event)), signal));
  const { build } = site;
  await build.phase("admit", () => admit(build));
  await build.phase("preflight", () => preflight(site, worldFor(request, loadHostConfig(null).config, [backupBotImage])));
  const fetched = await build.phase("fetch", () => fetch(build));
  const plan = await build.phase("prepare", () => prepare(site, fetched));
  await build.phase("prepull", () => prepull(site, plan));
  swarm = await site.swarm();
  app = plan.head;
  other = await newApp(site, swarm, { checkout: plan.checkout, which: "head", tree: plan.headTree, settings: plan.head.settings, asked: {} });
  await build.phase("install", () => Promise.all([app, other].map(async (one) => {
    await watchApp(site, swarm, one);
    await deploy(site, swarm, one, { force: false });
    await write(one, "app", "/state/live.txt", `rows of ${one.domain}`);
    await run(one, "old", "mkdir -p /srv/files/kept /etc/old && echo notes >/srv/files/kept/notes && echo old >/etc/old/conf && echo x >/srv/files/x && echo y >/srv/scratch/y");
  })));
  bot = await backupBot(site, swarm);
});

afterAll(async () => {
  delete process.env.RECIPE_CI_STATE;
  if (site && site.build.findings.teardown.durationMs === 0) await teardown(site);
  await lab?.close();
});

async function run(one: App, service: string, line: string): Promise<string> {
  const container = `$(docker ps -q -f label=com.docker.swarm.service.name=${one.stack}_${service})`;
  const { stdout, stderr, exitCode } = await swarm.shell.exec(["sh", "-c", `docker exec ${container} sh -c "$1"`, "sh", line], { timeoutMs: 30_000 });
  expect(exitCode, stderr).toBe(0);
  return stdout.trim();
}

const write = (one: App, service: string, file: string, text: string) => run(one, service, `printf %s '${text}' >${file}`);
const read = (one: App, service: string, file: string) => run(one, service, `cat ${file}`);
const within = (files: readonly BackupFile[], volume: string) =>
  files.filter(({ from, type }) => type === "file" && from && "volume" in from && from.volume === `${app.stack}_${volume}`).map(({ inner }) => inner);

async function stored(snapshot: Snapshot, part: string): Promise<string> {
  const file = (await bot.files(snapshot.id)).find(({ path }) => path.endsWith(part));
  expect(file, part).toBeDefined();
  return new TextDecoder().decode(await bot.content(snapshot.id, file?.path ?? ""));
}

describe("a backup", () => {
  test("is a new snapshot of this app alone, with what its labels ask for and nothing else", async () => {
    await bot.create(other);
    const { outcome, made } = await bot.create(app);
    expect(outcome, outcome.stdout).toMatchObject({ ok: true });
    expect(made).toHaveLength(1);
    first = made[0] as Snapshot;
    expect(first.paths.every((path) => path.includes(`/${app.stack}_`))).toBe(true);
    expect((await bot.snapshots(app)).map(({ id }) => id)).toEqual([first.id]);
    const files = await bot.files(first.id);
    expect(within(files, "content")).toContain("index.html");
    expect(within(files, "state"), "restricted to the dump, which the pre-hook made").toEqual(["dump.txt"]);
    expect(within(files, "cache"), "left out").toEqual([]);
    expect(within(files, "files"), "version 1: this path of the volume").toEqual(["kept/notes"]);
    expect(within(files, "scratch")).toEqual([]);
    expect(files.filter(({ from }) => from && "service" in from).map(({ from, inner, type }) => [from, inner, type])).toContainEqual([{ service: `${app.stack}_old` }, "/etc/old/conf", "file"]);
    expect(await run(app, "app", "ls /state"), "the post-hook took the dump away").toBe("live.txt");
  });

  test("can be read, byte by byte", async () => {
    expect(await stored(first, "/dump.txt")).toBe(`rows of ${app.domain}`);
    expect(await stored(first, "/etc/old/conf")).toBe("old\n");
    await run(app, "app", "head -c 300000 /dev/urandom >/usr/share/nginx/html/bytes");
    const { made } = await bot.create(app);
    const bytes = (await bot.files(made[0]?.id ?? "")).find(({ inner }) => inner === "bytes");
    expect(bytes?.bytes).toBe(300_000);
    const content = await bot.content(made[0]?.id ?? "", bytes?.path ?? "");
    const sum = await run(app, "app", "sha256sum /usr/share/nginx/html/bytes");
    expect(Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(content))).toString("hex")).toBe(sum.split(" ")[0]);
  });

  test("incident 12: one whose hook made nothing ends with 0 all the same; the empty dump is for the reader to find", async () => {
    await run(app, "app", "mv /state/live.txt /state/hidden");
    const { outcome, made } = await bot.create(app);
    await run(app, "app", "mv /state/hidden /state/live.txt");
    expect(outcome).toMatchObject({ ok: true, exitCode: 0 });
    expect(made).toHaveLength(1);
    expect((await bot.files(made[0]?.id ?? "")).find(({ inner }) => inner === "dump.txt")?.bytes).toBe(0);
  });

  test("of a snapshot or file that is not there is trouble of the bot, never an empty answer", async () => {
    await expect(bot.files("0".repeat(64))).rejects.toMatchObject({ blame: "infra", reason: { class: "backup-bot" } });
    await expect(bot.content(first.id, "/no/such/file")).rejects.toMatchObject({ blame: "infra", reason: { class: "backup-bot" } });
  });
});

describe("a restore", () => {
  test("incident 13: brings back the snapshot that was asked for, not the newest, and runs the hooks", async () => {
    await write(app, "app", "/state/live.txt", "changed");
    await run(app, "app", "echo changed >/usr/share/nginx/html/index.html; echo changed >/cache/kept");
    await run(app, "old", "rm /srv/files/kept/notes /etc/old/conf");
    expect((await bot.snapshots(app)).at(-1)?.id).not.toBe(first.id);
    const outcome = await bot.restore(app, first.id);
    expect(outcome, outcome.stdout).toMatchObject({ ok: true });
    expect(await read(app, "app", "/state/live.txt"), "the restore hook read the dump").toBe(`rows of ${app.domain}`);
    expect(await read(app, "app", "/usr/share/nginx/html/index.html")).not.toContain("changed");
    expect(await read(app, "app", "/cache/kept"), "not in the backup").toBe("changed");
    expect(await run(app, "old", "cat /srv/files/kept/notes /etc/old/conf")).toBe("notes\nold");
    expect(await read(other, "app", "/state/live.txt")).toBe(`rows of ${other.domain}`);
  });

  test("of a snapshot that is not there is refused", async () => {
    expect(await bot.restore(app, "0".repeat(64))).toMatchObject({ ok: false });
  });

  test("leaves abra's tree at the commit under test", async () => {
    expect(await app.recipeTree.dirt(app.recipe)).toEqual(expect.not.arrayContaining(["compose.yml"]));
  });
});

describe("at the end", () => {
  test("two runs on a Swarm that stays share its bot, and each removes its own snapshots alone", async () => {
    const neighbour = new Site(new Build(site.build.request, () => {}, signal));
    const lent = await backupBot(neighbour, { kind: "local", docker: swarm.docker, shell: swarm.shell } as Swarm);
    expect(lent.name).toBe(bot.name);
    expect((await lent.create(other)).made).toHaveLength(1);
    expect(await forgetSnapshots(neighbour)).toEqual([]);
    expect(await forgetSnapshots(neighbour), "twice is harmless").toEqual([]);
    expect(await bot.snapshots(other)).toEqual([]);
    expect((await bot.snapshots(app)).length).toBeGreaterThan(2);
    expect(await stored(first, "/dump.txt"), "what packs are left is whole").toBe(`rows of ${app.domain}`);
  });

  test("incident 29: teardown leaves no snapshot, no volume and nothing else", async () => {
    expect(await forgetSnapshots(site)).toEqual([]);
    expect(await bot.snapshots(app)).toEqual([]);
    await site.build.closing("teardown", () => teardown(site));
    expect(site.build.findings.teardown, lines.slice(-20).join("\n")).toMatchObject({ status: "clean", residue: [] });
    expect(site.build.findings.warnings).toEqual([]);
    expect(await lab.host.left(site.build.id)).toEqual([]);
  });
});
