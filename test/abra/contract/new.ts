import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";
import { composeText } from "./recipe.ts";
import type { Subject, World } from "./world.ts";

const newApp = (subject: Subject, ...flags: string[]) => ["app", "new", subject.recipe, "-n", "-o", `--domain=${subject.domain}`, "--server=default", ...flags];

async function variableDuration(w: World): Promise<Subject> {
  const service = "healthcheck:\n  test: [\"CMD\", \"true\"]\n  start_period: ${PERIOD}";
  return w.recipe({ files: { "compose.yml": composeText("9.9.9+head", { service }) } });
}

/** `app new`, the env file, versions and the recipe's tree. */
export const newAssumptions: readonly Assumption[] = [
  assume("new-env-file", "A", "`app new` copies .env.sample to servers/<server>/<domain>.env", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app));
    assert.match(await w.readEnv(app), /^SECRET_TOKEN_VERSION=v1 # length=24$/m);
  }),
  assume("new-domain", "R", "`app new` writes the real domain into DOMAIN", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app));
    assert.match(await w.readEnv(app), new RegExp(`^DOMAIN=${app.domain}$`, "m"));
  }),
  assume("new-moves-tree", "B", "`app new` moves the recipe's tree to the newest release tag", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app));
    assert.equal(await w.git(app, "describe", "--tags", "--exact-match"), "1.1.0+1.0.1");
  }),
  assume("new-version-order", "I", "the newest release is the highest version, not the latest tag or the last by name", async (w) => {
    const app = await w.recipe({ tags: ["1.10.0+1.0.0", "1.9.0+1.0.0"] });
    await w.ok(newApp(app));
    assert.equal(await w.type(app), `${app.recipe}:1.10.0+1.0.0`);
  }),
  assume("new-version", "R", "`app new <recipe> <version>` takes that version", async (w) => {
    const app = await w.recipe();
    await w.ok(["app", "new", "-n", "-o", `--domain=${app.domain}`, "--server=default", app.recipe, "1.0.0+1.0.0"]);
    assert.equal(await w.type(app), `${app.recipe}:1.0.0+1.0.0`);
  }),
  assume("new-writes-version", "A", "`app new` writes the version as TYPE=<recipe>:<version>", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app));
    assert.equal(await w.type(app), `${app.recipe}:1.1.0+1.0.1`);
  }),
  assume("new-chaos", "A", "`app new -C` leaves the tree as it stands", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app, "-C"));
    assert.equal(await w.git(app, "rev-parse", "--abbrev-ref", "HEAD"), "main");
  }),
  assume("new-short-flags", "R", "-s and -D are --server and --domain", async (w) => {
    const app = await w.recipe();
    await w.ok(["app", "new", "-n", "-o", "-s", "default", "-D", app.domain, app.recipe]);
    assert.notEqual(await w.readEnv(app), "");
  }),
  assume("new-secrets", "A", "`app new --secrets` generates the secrets", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app, "--secrets"));
    await w.shell(`docker secret inspect ${app.stack}_token_v1`);
  }),
  assume("new-silent", "R", "`app new -n` without a domain or a server is refused", async (w) => {
    const app = await w.recipe();
    await w.refused(["app", "new", "-n", "-o", "--server=default", app.recipe], /domain/);
    await w.refused(["app", "new", "-n", "-o", `--domain=${app.domain}`, app.recipe], /server/);
  }),
  assume("new-twice", "R", "`app new` refuses a domain that has an env file", async (w) => {
    const app = await w.app();
    await w.refused(newApp(app, "-C"), /already exists/);
  }),
  assume("new-no-sample", "R", "`app new` refuses a recipe without .env.sample", async (w) => {
    const app = await w.recipe({ files: { ".env.sample": null } });
    await w.refused(newApp(app, "-C"), /\.env\.sample/);
  }),
  assume("duration-literal", "B", "compose is validated before variables are replaced: `start_period: ${X}` is refused", async (w) => {
    await w.refused(newApp(await variableDuration(w), "-C"), /Does not match format 'duration'/);
  }),
  assume("dirty-new", "I", "`app new` without chaos refuses a dirty tree", async (w) => {
    const app = await w.recipe();
    await w.shell(`touch ${app.dir}/untracked.txt`);
    await w.refused(newApp(app), /locally unstaged changes/);
  }),
  assume("no-tags", "A", "a recipe without releases is taken at its latest commit", async (w) => {
    const app = await w.recipe({ tags: [] });
    await w.ok(newApp(app));
    assert.equal(await w.git(app, "rev-parse", "HEAD"), await w.git(app, "rev-parse", "main"));
  }),
  assume("later-ops-move-tree", "I", "a later command without chaos moves the tree to the env file's version", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app));
    await w.git(app, "checkout", "-q", "main");
    await w.ok(["app", "secret", "ls", "-o", app.domain]);
    assert.equal(await w.git(app, "describe", "--tags", "--exact-match"), "1.1.0+1.0.1");
  }),
  assume("later-ops-chaos", "R", "`app secret ...` takes -C and leaves the tree then", async (w) => {
    const app = await w.recipe();
    await w.ok(newApp(app));
    await w.git(app, "checkout", "-q", "main");
    await w.ok(["app", "secret", "ls", "-C", app.domain]);
    assert.equal(await w.git(app, "rev-parse", "--abbrev-ref", "HEAD"), "main");
  }),
  assume("recipe-fetch", "I", "`recipe fetch` leaves a clone that is there, and reads new tags", async (w) => {
    const app = await w.recipe();
    await w.shell(`cd ${w.folder}/origin/${app.recipe} && git tag -a -m x 2.0.0+2.0.0`);
    await w.ok(["recipe", "fetch", "-n", app.recipe]);
    assert.match(await w.git(app, "tag"), /2\.0\.0\+2\.0\.0/);
  }),
  assume("recipe-versions", "R", "`recipe versions` names every release", async (w) => {
    const app = await w.recipe();
    assert.match((await w.ok(["recipe", "versions", "-n", "-o", app.recipe])).stdout, /1\.1\.0\+1\.0\.1[\s\S]*1\.0\.0\+1\.0\.0/);
  }),
];
