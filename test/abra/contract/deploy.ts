import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";
import type { Subject, World } from "./world.ts";

const released = (app: Subject, ...more: string[]) => ["app", "deploy", "-n", "-o", "-c", "--no-domain-checks", app.domain, ...more];
const identity = async (w: World, app: Subject, key: string) => (await w.labels(app))[`coop-cloud.${app.stack}.${key}`];

/** An app whose env file names no version. */
async function unpinned(w: World, options: Parameters<World["app"]>[0] = {}): Promise<Subject> {
  const app = await w.app(options);
  await w.shell(`sed -i 's/^TYPE=.*/TYPE=${app.recipe}/' ${app.envFile}`);
  return app;
}

async function envOf(w: World, app: Subject): Promise<string[]> {
  return JSON.parse(await w.shell(`docker service inspect ${app.stack}_app --format '{{json .Spec.TaskTemplate.ContainerSpec.Env}}'`));
}

/** What deploy refuses, which version it takes, what it leaves on the Swarm and in the env file. */
export const deployAssumptions: readonly Assumption[] = [
  assume("deploy-no-terminal", "A", "`deploy -n` works without a terminal", async (w) => {
    await w.deploy(await w.app(), "-c");
  }),
  assume("deploy-prompts", "R", "deploy without -n and without a terminal is refused", async (w) => {
    const app = await w.app();
    await w.refused(["app", "deploy", "-C", "-o", "-c", "--no-domain-checks", app.domain], /FATA/);
  }),
  assume("stack-name", "A", "the stack is the domain with underscores for dots", async (w) => {
    const app = await w.app();
    await w.deploy(app, "-c");
    assert.equal((await w.labels(app))["com.docker.stack.namespace"], app.domain.replaceAll(".", "_"));
  }),
  assume("dirty-refused", "B", "deploy without chaos refuses a tree with an untracked file", async (w) => {
    const app = await unpinned(w);
    await w.shell(`touch ${app.dir}/compose.overlay.yml`);
    await w.refused(released(app), /has locally unstaged changes/);
  }),
  assume("dirty-exclude", "R", "a file hidden by .git/info/exclude only still makes the tree dirty", async (w) => {
    const app = await unpinned(w);
    await w.shell(`echo hidden.yml >> ${app.dir}/.git/info/exclude && touch ${app.dir}/hidden.yml`);
    await w.refused(released(app), /has locally unstaged changes/);
  }),
  assume("dirty-ignored", "R", "a file that .gitignore names does not make the tree dirty", async (w) => {
    const app = await unpinned(w, { files: { ".gitignore": "hidden.yml\n" }, tags: [] });
    await w.shell(`touch ${app.dir}/hidden.yml`);
    await w.ok(released(app));
  }),
  assume("lightweight-refused", "B", "deploy without chaos refuses lightweight version tags (R014)", async (w) => {
    await w.refused(released(await unpinned(w, { lightweight: true })), /R014/);
  }),
  assume("lightweight-chaos", "B", "deploy with chaos does not look at tags", async (w) => {
    await w.deploy(await w.app({ lightweight: true }), "-c");
  }),
  assume("chaos-labels", "B", "a chaos deploy is labelled chaos=true, chaos-version=<8 hex of the commit>, recipe", async (w) => {
    const app = await w.app();
    await w.deploy(app, "-c");
    const head = await w.git(app, "rev-parse", "HEAD");
    assert.deepEqual([await identity(w, app, "chaos"), await identity(w, app, "chaos-version"), await identity(w, app, "recipe")], ["true", head.slice(0, 8), app.recipe]);
  }),
  assume("chaos-dirty", "B", "a chaos deploy of a dirty tree is labelled <8 hex>+U", async (w) => {
    const app = await w.app();
    await w.shell(`touch ${app.dir}/untracked.txt`);
    await w.deploy(app, "-c");
    assert.match((await identity(w, app, "chaos-version")) ?? "", /^[0-9a-f]{8}\+U$/);
  }),
  assume("chaos-keeps-label", "A", "a chaos deploy keeps the compose file's own version label", async (w) => {
    const app = await w.app();
    await w.deploy(app, "-c");
    assert.equal(await identity(w, app, "version"), "9.9.9+head");
  }),
  assume("release-labels", "A", "a deploy of a release is labelled chaos=false, version=<tag>", async (w) => {
    const app = await unpinned(w);
    await w.ok(released(app));
    assert.deepEqual([await identity(w, app, "chaos"), await identity(w, app, "version")], ["false", "1.1.0+1.0.1"]);
  }),
  assume("resolve-latest", "A", "without a version in the env file the latest release is deployed, and the tree moved to it", async (w) => {
    const app = await unpinned(w);
    await w.ok(released(app));
    assert.equal(await w.git(app, "describe", "--tags", "--exact-match"), "1.1.0+1.0.1");
  }),
  assume("resolve-env", "A", "the version in the env file is deployed", async (w) => {
    const app = await w.app();
    await w.shell(`sed -i 's/^TYPE=.*/TYPE=${app.recipe}:1.0.0+1.0.0/' ${app.envFile}`);
    await w.ok(released(app));
    assert.equal(await identity(w, app, "version"), "1.0.0+1.0.0");
  }),
  assume("resolve-ignore-env", "A", "-i takes no notice of the version in the env file", async (w) => {
    const app = await w.app();
    await w.shell(`sed -i 's/^TYPE=.*/TYPE=${app.recipe}:1.0.0+1.0.0/' ${app.envFile}`);
    await w.ok(released(app, "-i"));
    assert.equal(await identity(w, app, "version"), "1.1.0+1.0.1");
  }),
  assume("resolve-asked", "A", "a version on the command line wins", async (w) => {
    const app = await unpinned(w);
    await w.ok(released(app, "1.0.0+1.0.0"));
    assert.equal(await identity(w, app, "version"), "1.0.0+1.0.0");
  }),
  assume("resolve-commit", "A", "a commit can be asked for", async (w) => {
    const app = await unpinned(w);
    const commit = await w.git(app, "rev-parse", "main");
    await w.ok(released(app, commit));
    assert.equal(await w.git(app, "rev-parse", "HEAD"), commit);
  }),
  assume("resolve-unknown", "I", "a version that does not exist is refused", async (w) => {
    await w.refused(released(await unpinned(w), "7.7.7+7.7.7"), /FATA/);
  }),
  assume("write-back", "A", "deploy writes the deployed version to the env file", async (w) => {
    const app = await unpinned(w);
    await w.ok(released(app, "1.0.0+1.0.0"));
    assert.equal(await w.type(app), `${app.recipe}:1.0.0+1.0.0`);
  }),
  assume("write-back-chaos", "R", "a chaos deploy writes its chaos version to the env file", async (w) => {
    const app = await unpinned(w);
    await w.deploy(app, "-c");
    assert.equal(await w.type(app), `${app.recipe}:${(await w.git(app, "rev-parse", "HEAD")).slice(0, 8)}`);
  }),
  assume("offline", "B", "offline, origin is not needed", async (w) => {
    const app = await unpinned(w);
    await w.git(app, "remote", "set-url", "origin", `${w.folder}/nowhere`);
    await w.ok(released(app));
  }),
  assume("online", "R", "without -o and chaos, an origin that does not answer is an error", async (w) => {
    const app = await unpinned(w);
    await w.git(app, "remote", "set-url", "origin", `${w.folder}/nowhere`);
    await w.refused(["app", "deploy", "-n", "-c", "--no-domain-checks", app.domain], /FATA/);
  }),
  assume("deployed-refused", "A", "an app that is deployed is refused without --force, with chaos too, and taken with it", async (w) => {
    const app = await w.app();
    await w.deploy(app, "-c");
    await w.refused(["app", "deploy", "-n", "-C", "-o", "-c", "--no-domain-checks", app.domain], /already deployed/);
    await w.deploy(app, "-c", "--force");
  }),
  assume("compose-file", "A", "COMPOSE_FILE=\"$COMPOSE_FILE:compose.more.yml\" adds a file", async (w) => {
    const more = "version: \"3.8\"\nservices:\n  side:\n    image: debian:bookworm-slim\n    command: [\"sleep\", \"600\"]\n";
    const app = await w.app({ files: { "compose.more.yml": more } });
    await w.shell(`echo 'COMPOSE_FILE="$COMPOSE_FILE:compose.more.yml"' >> ${app.envFile}`);
    await w.deploy(app, "-c");
    await w.shell(`docker service inspect ${app.stack}_side`);
  }),
  assume("abra-sh-exports", "A", "what abra.sh exports can be used in compose.yml", async (w) => {
    const app = await w.app();
    await w.deploy(app, "-c");
    assert.ok((await envOf(w, app)).includes("FROM_ABRA_SH=v7"));
  }),
  assume("env-exposed", "A", "the env file's keys are in the app container's environment, and do not replace the recipe's own", async (w) => {
    const app = await w.app();
    await w.shell(`printf 'EXTRA=one$two\\nOWN=env\\n' >> ${app.envFile}`);
    await w.deploy(app, "-c");
    const env = await envOf(w, app);
    assert.ok(env.includes(`DOMAIN=${app.domain}`) && env.includes("OWN=env"), env.join());
  }),
  assume("no-prune", "A", "a service that left the compose files is not removed by a redeploy", async (w) => {
    const more = "version: \"3.8\"\nservices:\n  side:\n    image: debian:bookworm-slim\n    command: [\"sleep\", \"600\"]\n";
    const app = await w.app({ files: { "compose.more.yml": more } });
    await w.shell(`cp ${app.envFile} ${app.envFile}.one && echo 'COMPOSE_FILE="$COMPOSE_FILE:compose.more.yml"' >> ${app.envFile}`);
    await w.deploy(app, "-c");
    await w.shell(`mv ${app.envFile}.one ${app.envFile}`);
    await w.deploy(app, "-c", "-f");
    await w.shell(`docker service inspect ${app.stack}_side`);
  }),
  assume("domain-check", "R", "without --no-domain-checks a domain that does not resolve is refused", async (w) => {
    const app = await w.app();
    await w.refused(["app", "deploy", "-n", "-C", "-o", "-c", app.domain], /FATA/);
    assert.equal(await w.shell(`docker service ls -q -f name=${app.stack}`), "");
  }),
];
