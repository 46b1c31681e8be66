import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";
import type { Subject, World } from "./world.ts";

/** An app whose secrets were not made. */
async function bare(w: World): Promise<Subject> {
  const app = await w.recipe();
  await w.ok(["app", "new", "-n", "-C", "-o", "--server=default", `--domain=${app.domain}`, app.recipe]);
  return app;
}

/** A secret's value as a container sees it. */
async function valueOf(w: World, name: string): Promise<string> {
  const service = `read-${name}`;
  await w.shell(`docker service create -q -d --no-resolve-image --name ${service} --secret ${name} debian:bookworm-slim sh -c 'cat /run/secrets/${name}; exec sleep 60'`);
  await w.until(`docker service ps ${service} --format '{{.CurrentState}}'`, /Running/);
  const container = `$(docker ps -q -f label=com.docker.swarm.service.name=${service})`;
  const value = await w.shell(`docker exec ${container} cat /run/secrets/${name}`);
  await w.shell(`docker service rm ${service}`);
  return value;
}

export const secretAssumptions: readonly Assumption[] = [
  assume("secret-name", "A", "a secret is called <stack>_<name>_<version> on the server", async (w) => {
    const app = await bare(w);
    await w.ok(["app", "secret", "generate", "-n", "-C", "-a", app.domain]);
    await w.shell(`docker secret inspect ${app.stack}_token_v1`);
  }),
  assume("secret-length", "A", "`# length=N` behind SECRET_X_VERSION in the env file is the generated value's length", async (w) => {
    const app = await bare(w);
    await w.ok(["app", "secret", "generate", "-n", "-C", "-a", app.domain]);
    assert.equal((await valueOf(w, `${app.stack}_token_v1`)).length, 24);
  }),
  assume("secret-charset", "R", "`# charset=hex` is honoured", async (w) => {
    const app = await bare(w);
    await w.shell(`sed -i 's/# length=24/# length=24 charset=hex/' ${app.envFile}`);
    await w.ok(["app", "secret", "generate", "-n", "-C", "-a", app.domain]);
    assert.match(await valueOf(w, `${app.stack}_token_v1`), /^[0-9a-f]{24}$/);
  }),
  assume("secret-no-generate", "R", "`# generate=false` keeps `generate -a` from making that secret", async (w) => {
    const app = await bare(w);
    await w.shell(`sed -i 's/# length=24/# generate=false/' ${app.envFile}`);
    await w.ok(["app", "secret", "generate", "-n", "-C", "-a", app.domain]);
    assert.equal(await w.shell(`docker secret ls -q -f name=${app.stack}_token`), "");
  }),
  assume("secret-generate-json", "B", "`secret generate -a -m` prints JSON on stdout and no table", async (w) => {
    const app = await bare(w);
    const { stdout } = await w.ok(["app", "secret", "generate", "-n", "-C", "-a", "-m", app.domain]);
    assert.match(JSON.stringify(JSON.parse(stdout)), /token/);
  }),
  assume("secret-generate-shape", "R", "that JSON is a list of {name, value}", async (w) => {
    const app = await bare(w);
    const { stdout } = await w.ok(["app", "secret", "generate", "-n", "-C", "-a", "-m", app.domain]);
    assert.deepEqual(JSON.parse(stdout).map((one: { name: string; value: string }) => [one.name, one.value.length]), [["token", 24]]);
  }),
  assume("secret-generate-again", "R", "`secret generate -a` leaves a secret that exists and ends with 0", async (w) => {
    const app = await w.app();
    assert.deepEqual(JSON.parse((await w.ok(["app", "secret", "generate", "-n", "-C", "-a", "-m", app.domain])).stdout), []);
  }),
  assume("secret-generate-one", "A", "`secret generate <domain> <name> <version>` makes one", async (w) => {
    const app = await bare(w);
    await w.ok(["app", "secret", "generate", "-n", "-C", app.domain, "token", "v1"]);
    await w.shell(`docker secret inspect ${app.stack}_token_v1`);
  }),
  assume("secret-insert", "A", "`secret insert <domain> <name> <version> <value>` stores exactly that value", async (w) => {
    const app = await bare(w);
    await w.ok(["app", "secret", "insert", "-n", "-C", app.domain, "token", "v1", "a value"]);
    assert.equal(await valueOf(w, `${app.stack}_token_v1`), "a value");
  }),
  assume("secret-insert-file", "A", "`secret insert -f` takes the value from a file", async (w) => {
    const app = await bare(w);
    await w.shell(`printf 'from a file' > ${w.folder}/value`);
    await w.ok(["app", "secret", "insert", "-n", "-C", app.domain, "token", "v1", `${w.folder}/value`, "-f"]);
    assert.equal(await valueOf(w, `${app.stack}_token_v1`), "from a file");
  }),
  assume("secret-exists", "A", "`secret insert` of a name that is taken fails with AlreadyExists", async (w) => {
    const app = await w.app();
    await w.refused(["app", "secret", "insert", "-n", "-C", app.domain, "token", "v1", "again"], /AlreadyExists/);
  }),
  assume("secret-ls", "A", "`secret list -m` is JSON that names the secret", async (w) => {
    const app = await w.app();
    const { stdout } = await w.ok(["app", "secret", "list", "-C", "-m", app.domain]);
    assert.match(JSON.stringify(JSON.parse(stdout)), /"token"/);
  }),
  assume("secret-rm", "R", "`secret rm -a` removes the app's secrets", async (w) => {
    const app = await w.app();
    await w.ok(["app", "secret", "rm", "-n", "-C", "-a", app.domain]);
    assert.equal(await w.shell(`docker secret ls -q -f name=${app.stack}_token`), "");
  }),
  assume("secret-missing", "B", "deploy refuses where a secret was never made", async (w) => {
    const app = await bare(w);
    await w.refused(["app", "deploy", "-n", "-C", "-o", "-c", "--no-domain-checks", app.domain], /secret not generated/);
    assert.equal(await w.shell(`docker service ls -q -f name=${app.stack}`), "");
  }),
];
