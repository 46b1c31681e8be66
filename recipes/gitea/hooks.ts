import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { App } from "recipe-ci/testing";
import { type Account, basic, Git, inFolder, remote } from "./git.ts";

const repo = "kept";
const content = "This repository has to come back.\n";

/** The hooks run in processes of their own: what all of them know comes from the app. */
async function keeper(app: App): Promise<Account> {
  return { name: "keeper", password: createHash("sha256").update(await app.secret("secret_key")).digest("hex") };
}

/** A private repository with one pushed commit. */
export async function seed(app: App): Promise<void> {
  const account = await keeper(app);
  const made = await app.abra.cmd("app", "create_admin", [account.name, account.password, "keeper@example.com"]);
  if (made.exitCode !== 0) throw new Error(`create_admin: exit code ${made.exitCode}: ${made.stdout} ${made.stderr}`);
  const answer = await app.fetch("/api/v1/user/repos", { method: "POST", headers: basic(account), body: { name: repo, private: true, default_branch: "main" } });
  if (answer.status !== 201) throw new Error(`the repository was not made: ${answer.status} ${answer.text()}`);
  await inFolder(async (folder) => {
    const git = await Git.at(app, folder, account);
    const work = join(folder, "work");
    await mkdir(work);
    await git.run(work, "init", "--quiet", "--template=", "--initial-branch=main");
    await writeFile(join(work, "README.md"), content);
    await git.run(work, "add", "--all");
    await git.run(work, "commit", "--quiet", "--message", "What has to come back");
    await git.run(work, "push", "--quiet", remote(app, `${account.name}/${repo}`), "main");
  });
}

/** The repository is deleted, in the database and on disk. */
export async function mutate(app: App): Promise<void> {
  const account = await keeper(app);
  const answer = await app.fetch(`/api/v1/repos/${account.name}/${repo}`, { method: "DELETE", headers: basic(account) });
  if (answer.status !== 204) throw new Error(`the repository was not deleted: ${answer.status} ${answer.text()}`);
}

/** It can be cloned, by its owner, with all that was in it. */
export async function verify(app: App): Promise<void> {
  const account = await keeper(app);
  await inFolder(async (folder) => {
    const git = await Git.at(app, folder, account);
    await git.run(folder, "clone", "--quiet", remote(app, `${account.name}/${repo}`), "clone");
    await git.run(join(folder, "clone"), "fsck", "--strict");
    const came = await readFile(join(folder, "clone/README.md"), "utf8");
    if (came !== content) throw new Error(`README.md says ${JSON.stringify(came)}`);
  });
}
