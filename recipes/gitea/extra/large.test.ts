import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { app, beforeAll, expect, test } from "recipe-ci/testing";
import { type Account, basic, Git, inFolder, remote } from "../git.ts";

const run = randomBytes(4).toString("hex");
const owner: Account = { name: `large-${run}`, password: randomBytes(16).toString("hex") };
const path = `${owner.name}/large`;
/** What no compression makes smaller. */
const content = [randomBytes(20_000_000), randomBytes(5_000_000)] as const;
const sum = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

beforeAll(async () => {
  const made = await app.abra.cmd("app", "create_admin", [owner.name, owner.password, `${owner.name}@example.com`]);
  expect(made, "abra app cmd app create_admin").toMatchObject({ exitCode: 0 });
  const repo = await app.fetch("/api/v1/user/repos", { method: "POST", headers: basic(owner), body: { name: "large", private: true, default_branch: "main" } });
  expect(repo.status, repo.text()).toBe(201);
});

/** Clones the repository anew. @returns the checksum of its large file */
async function cloned(folder: string): Promise<string> {
  const git = await Git.at(app, folder, owner);
  await git.run(folder, "clone", "--quiet", remote(app, path), "clone");
  await git.run(join(folder, "clone"), "fsck", "--strict");
  return sum(await readFile(join(folder, "clone/large.bin")));
}

test("twenty megabytes are pushed over HTTP, and cloned again with the same checksum", () => inFolder(async (folder) => {
  const git = await Git.at(app, folder, owner);
  const work = join(folder, "work");
  await mkdir(work);
  await git.run(work, "init", "--quiet", "--template=", "--initial-branch=main");
  await writeFile(join(work, "large.bin"), content[0]);
  await git.run(work, "add", "--all");
  await git.run(work, "commit", "--quiet", "--message", "Twenty megabytes");
  await git.run(work, "push", "--quiet", remote(app, path), "main");
  expect(await cloned(folder)).toBe(sum(content[0]));
}), 120_000);

/** git packs the refs in a garbage collection only, and holds gc.pid until its end. */
async function collected(): Promise<boolean> {
  const script = 'cd "/data/git/repositories/$0.git" && [ -e packed-refs ] && [ ! -e gc.pid ]';
  return (await app.exec("app", ["sh", "-c", script, path])).exitCode === 0;
}

test("a garbage collection takes nothing that is still wanted", () => inFolder(async (folder) => {
  const git = await Git.at(app, folder, owner);
  const work = join(folder, "work");
  await git.run(folder, "clone", "--quiet", remote(app, path), "work");
  await writeFile(join(work, "large.bin"), content[1]);
  await git.run(work, "commit", "--quiet", "--all", "--amend", "--message", "Five megabytes instead");
  await git.run(work, "push", "--quiet", "--force", remote(app, path), "main");

  expect(await collected()).toBe(false);
  // Answered when the collection has ended.
  const asked = await app.fetch("/api/v1/admin/cron/git_gc_repos", { method: "POST", headers: basic(owner), timeoutMs: 60_000 });
  expect(asked.status, asked.text()).toBe(204);
  expect(await collected()).toBe(true);
  expect(await cloned(folder)).toBe(sum(content[1]));
}), 150_000);

test("Gitea's own doctor finds nothing wrong", async () => {
  const checks = ["check-db-version", "check-db-consistency", "check-user-names", "hooks", "storages"].map((check) => `--run ${check}`).join(" ");
  const ran = await app.exec("app", ["su", "git", "-c", `exec gitea doctor check --log-file /dev/null ${checks}`]);
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(ran.stdout).toContain("All done (checks: 5)");
  expect(ran.stdout).not.toMatch(/\[[WEC]\]/);
});
