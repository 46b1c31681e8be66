import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { app, beforeAll, expect, test } from "recipe-ci/testing";
import { type Account, basic, Git, inFolder, remote } from "./git.ts";

const run = randomBytes(4).toString("hex");
const owner: Account = { name: `owner-${run}`, password: randomBytes(16).toString("hex") };
const readme = "# Grüße\n";
const binary = randomBytes(300_000);

beforeAll(async () => {
  const made = await app.abra.cmd("app", "create_admin", [owner.name, owner.password, `${owner.name}@example.com`]);
  expect(made, "abra app cmd app create_admin").toMatchObject({ exitCode: 0 });
});

async function newRepo(name: string): Promise<string> {
  const answer = await app.fetch("/api/v1/user/repos", { method: "POST", headers: basic(owner), body: { name, private: true, default_branch: "main" } });
  expect(answer.status, answer.text()).toBe(201);
  return `${owner.name}/${name}`;
}

/** A commit with a text and a large file, pushed. @returns its id */
async function pushTo(path: string, folder: string): Promise<string> {
  const git = await Git.at(app, folder, owner);
  const work = join(folder, "work");
  await mkdir(work);
  await git.run(work, "init", "--quiet", "--template=", "--initial-branch=main");
  await Promise.all([writeFile(join(work, "README.md"), readme), writeFile(join(work, "large.bin"), binary)]);
  await git.run(work, "add", "--all");
  await git.run(work, "commit", "--quiet", "--message", "A text and a large file");
  await git.run(work, "push", "--quiet", remote(app, path), "main");
  return git.run(work, "rev-parse", "HEAD");
}

test("the version that runs is the one that the recipe names", async () => {
  const image = app.context.services.find(({ name }) => name === "app")?.image ?? "";
  expect((await app.fetch("/api/v1/version")).json()).toEqual({ version: /:([\d.]+)/.exec(image)?.[1] });
});

test("what is pushed over HTTP is cloned again, byte for byte", () => inFolder(async (folder) => {
  const path = await newRepo(`pushed-${run}`);
  const commit = await pushTo(path, folder);
  const git = await Git.at(app, folder, owner);
  await git.run(folder, "clone", "--quiet", remote(app, path), "clone");
  expect(await git.run(join(folder, "clone"), "rev-parse", "HEAD")).toBe(commit);
  expect(await readFile(join(folder, "clone/README.md"), "utf8")).toBe(readme);
  const sum = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");
  expect(sum(await readFile(join(folder, "clone/large.bin")))).toBe(sum(binary));

  // Gitea takes note of a push in the background; git itself has it at once.
  const shown = await app.eventually(async () => {
    const answer = await app.fetch(`/api/v1/repos/${path}/raw/README.md`, { headers: basic(owner) });
    return answer.ok ? answer : false;
  }, { what: "README.md in Gitea's API" });
  expect(shown.text()).toBe(readme);
  const commits = (await app.fetch(`/api/v1/repos/${path}/commits`, { headers: basic(owner) })).json();
  expect(commits).toMatchObject([{ sha: commit }]);
}));

test("nobody else can read or push to a private repository", () => inFolder(async (folder) => {
  const path = await newRepo(`private-${run}`);
  await pushTo(path, folder);
  expect((await app.newVisitor().fetch(`/${path}`)).status).toBe(404);
  const stranger = await Git.at(app, folder, null);
  await expect(stranger.run(folder, "clone", "--quiet", remote(app, path), "clone")).rejects.toThrow(/could not read Username|Authentication failed/);
  await expect(stranger.run(join(folder, "work"), "push", remote(app, path), "main:other")).rejects.toThrow(/could not read Username|Authentication failed/);
}));
