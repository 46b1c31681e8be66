import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";
import type { Subject, World } from "./world.ts";

const again = (app: Subject, ...more: string[]) => ["app", "deploy", "-n", "-C", "-o", "--no-domain-checks", "--force", app.domain, ...more];

/** Changes the tree's compose file, so that the next chaos deploy is an update. */
async function rewrite(w: World, app: Subject, script: string): Promise<void> {
  await w.shell(`sed -i 's|command: .*|command: ["sh", "-c", "${script}"]|' ${app.dir}/compose.yml`);
}

const setTimeoutTo = (w: World, app: Subject, seconds: number) => w.shell(`sed -i 's/^TIMEOUT=.*/TIMEOUT=${seconds}/' ${app.envFile}`);
const state = (app: Subject) => `docker service inspect ${app.stack}_app --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}'`;

/** abra's own wait: what ends it, what it calls a success, what it never notices. */
export const convergeAssumptions: readonly Assumption[] = [
  assume("wait-crash-loop", "A", "a first deploy that crash-loops is waited for without a word until the timeout", async (w) => {
    const app = await w.app({ script: "exit 3" });
    await setTimeoutTo(w, app, 4);
    const started = performance.now();
    await w.refused(["app", "deploy", "-n", "-C", "-o", "--no-domain-checks", app.domain], /deploy timed out/);
    assert.ok(performance.now() - started >= 4000);
  }),
  assume("wait-label", "A", "the timeout is the label coop-cloud.<stack>.timeout, in seconds, which the recipe fills from TIMEOUT", async (w) => {
    const app = await w.app({ script: "exit 3" });
    await setTimeoutTo(w, app, 2);
    const started = performance.now();
    await w.refused(["app", "deploy", "-n", "-C", "-o", "--no-domain-checks", app.domain], /deploy timed out/);
    assert.ok(performance.now() - started < 10_000);
  }),
  assume("wait-failed-not-written", "R", "a deploy that timed out leaves the env file's version", async (w) => {
    const app = await w.app({ script: "exit 3" });
    await setTimeoutTo(w, app, 1);
    await w.shell(`sed -i 's/^TYPE=.*/TYPE=${app.recipe}/' ${app.envFile}`);
    await w.refused(["app", "deploy", "-n", "-C", "-o", "--no-domain-checks", app.domain], /deploy timed out/);
    assert.equal(await w.type(app), app.recipe);
  }),
  assume("wait-none", "A", "-c does not wait: a crash loop is a success", async (w) => {
    await w.deploy(await w.app({ script: "exit 3" }), "-c");
  }),
  assume("wait-dies-later", "A", "false green: a process that outlives the monitor window once is converged", async (w) => {
    await w.deploy(await w.app({ script: "sleep 3; exit 3" }));
  }),
  assume("wait-health", "A", "with a health check the wait lasts until it passes", async (w) => {
    const service = "healthcheck:\n  test: [\"CMD\", \"test\", \"-f\", \"/ready\"]\n  interval: 500ms\n  retries: 60";
    const app = await w.app({ service, script: "sleep 4; touch /ready; sleep 600" });
    const started = performance.now();
    await w.deploy(app);
    assert.ok(performance.now() - started >= 4000);
  }),
  assume("wait-paused", "A", "an update that fails within the monitor window is `deploy failed` at once", async (w) => {
    const app = await w.app();
    await w.deploy(app);
    await rewrite(w, app, "exit 3");
    await w.refused(again(app), /deploy failed/);
    assert.equal(await w.shell(state(app)), "paused");
  }),
  assume("wait-rollback", "A", "false green: an update that Swarm rolled back is a success", async (w) => {
    const app = await w.app();
    await w.shell(`sed -i 's/monitor: 1s/monitor: 2s\\n        failure_action: rollback/' ${app.dir}/compose.yml`);
    await w.deploy(app);
    await rewrite(w, app, "exit 3");
    await w.ok(again(app));
    assert.match(await w.shell(state(app)), /rollback/);
  }),
  assume("post-deploy", "R", "POST_DEPLOY_CMDS=\"<service> <function>\" runs after convergence", async (w) => {
    const app = await w.app({ env: "POST_DEPLOY_CMDS=\"app mark\"" });
    await w.deploy(app);
    assert.equal(await w.shell(`cat $(docker volume inspect ${app.stack}_data --format '{{.Mountpoint}}')/mark`), "done");
  }),
  assume("post-deploy-unwaited", "R", "with -c POST_DEPLOY_CMDS is not run", async (w) => {
    const app = await w.app({ env: "POST_DEPLOY_CMDS=\"app mark\"" });
    await w.deploy(app, "-c");
    await w.until(`docker service ls -f name=${app.stack}_app --format '{{.Replicas}}'`, /^1\/1/);
    assert.equal(await w.shell(`ls $(docker volume inspect ${app.stack}_data --format '{{.Mountpoint}}')`), "");
  }),
  assume("upgrade", "A", "`app upgrade` takes the newest release and writes it back", async (w) => {
    const app = await w.app();
    await w.ok(["app", "deploy", "-n", "-o", "-c", "--no-domain-checks", app.domain, "1.0.0+1.0.0"]);
    await w.ok(["app", "upgrade", "-n", "-o", "-c", "--no-domain-checks", app.domain]);
    assert.equal(await w.type(app), `${app.recipe}:1.1.0+1.0.1`);
    assert.equal((await w.labels(app))[`coop-cloud.${app.stack}.version`], "1.1.0+1.0.1");
  }),
  assume("rollback", "A", "`app rollback <version>` takes an older release and writes it back", async (w) => {
    const app = await w.app();
    await w.ok(["app", "deploy", "-n", "-o", "-c", "--no-domain-checks", app.domain, "1.1.0+1.0.1"]);
    await w.ok(["app", "rollback", "-n", "-o", "-c", "--no-domain-checks", app.domain, "1.0.0+1.0.0"]);
    assert.equal(await w.type(app), `${app.recipe}:1.0.0+1.0.0`);
  }),
  assume("upgrade-direction", "R", "`app upgrade` to an older version, or with nothing newer, is refused", async (w) => {
    const app = await w.app();
    await w.ok(["app", "deploy", "-n", "-o", "-c", "--no-domain-checks", app.domain, "1.1.0+1.0.1"]);
    await w.refused(["app", "upgrade", "-n", "-o", "-c", "--no-domain-checks", app.domain, "1.0.0+1.0.0"], /FATA/);
    await w.refused(["app", "upgrade", "-n", "-o", "-c", "--no-domain-checks", app.domain], /FATA/);
  }),
];
