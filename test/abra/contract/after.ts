import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";
import type { Subject, World } from "./world.ts";

const deployed = (app: Subject) => `docker service ls -q -f label=com.docker.stack.namespace=${app.stack} | wc -l`;

async function running(w: World): Promise<Subject> {
  const app = await w.app();
  await w.deploy(app);
  return app;
}

async function undeployed(w: World): Promise<Subject> {
  const app = await running(w);
  await w.ok(["app", "undeploy", "-n", app.domain]);
  await w.until(`docker ps -aq -f label=com.docker.stack.namespace=${app.stack} | wc -l`, /^0$/);
  return app;
}

/** Commands in the app's containers, undeploy and removal, lint. */
export const afterAssumptions: readonly Assumption[] = [
  assume("cmd", "A", "`app cmd <domain> <service> <function> <args>` runs a function of abra.sh in the service's container", async (w) => {
    const app = await running(w);
    assert.match((await w.ok(["app", "cmd", "-C", app.domain, "app", "hello", "you"], { pty: true })).stdout, new RegExp(`hello you from ${app.stack}`));
  }),
  assume("cmd-terminal", "R", "`app cmd` needs a terminal unless -T is given", async (w) => {
    const app = await running(w);
    await w.refused(["app", "cmd", "-n", "-C", app.domain, "app", "hello", "you"], /inappropriate ioctl for device/);
    assert.match((await w.ok(["app", "cmd", "-n", "-C", "-T", app.domain, "app", "hello", "you"])).stdout, /hello you/);
  }),
  assume("cmd-local", "R", "`app cmd --local <domain> <function>` runs it where abra runs, with the app's env", async (w) => {
    const app = await w.app();
    assert.match((await w.ok(["app", "cmd", "-n", "-C", "--local", app.domain, "hello", "you"])).stdout, new RegExp(`hello you from ${app.stack}`));
  }),
  assume("cmd-unknown", "R", "a function that abra.sh does not have is refused", async (w) => {
    const app = await running(w);
    await w.refused(["app", "cmd", "-n", "-C", "-T", app.domain, "app", "nothing"], /FATA/);
  }),
  assume("run", "A", "`app run <domain> <service> -- <command>` runs a command in the service's container", async (w) => {
    const app = await running(w);
    assert.match((await w.ok(["app", "run", app.domain, "app", "--", "cat", "/etc/debian_version"], { pty: true })).stdout, /^12/);
  }),
  assume("run-terminal", "R", "`app run` needs a terminal unless -t is given", async (w) => {
    const app = await running(w);
    await w.refused(["app", "run", "-n", app.domain, "app", "--", "true"], /inappropriate ioctl for device/);
    await w.ok(["app", "run", "-n", "-t", app.domain, "app", "--", "true"]);
  }),
  assume("run-fails", "R", "a command that fails makes `app run` end with 1, whatever its own code", async (w) => {
    const app = await running(w);
    await w.refused(["app", "run", "-n", "-t", app.domain, "app", "--", "sh", "-c", "exit 42"], /FATA/);
  }),
  assume("undeploy", "A", "`app undeploy -n` removes the stack and keeps volumes, secrets and the env file", async (w) => {
    const app = await undeployed(w);
    assert.equal(await w.shell(deployed(app)), "0");
    await w.shell(`docker volume inspect ${app.stack}_data && docker secret inspect ${app.stack}_token_v1 && test -f ${app.envFile}`);
  }),
  assume("undeploy-twice", "R", "`app undeploy` of an app that is not deployed is refused", async (w) => {
    await w.refused(["app", "undeploy", "-n", (await w.app()).domain], /not deployed/);
  }),
  assume("ps-undeployed", "R", "`app ps` of an app that is not deployed is refused", async (w) => {
    await w.refused(["app", "ps", "-m", (await w.app()).domain], /not deployed/);
  }),
  assume("volume-ls", "R", "`app volume ls` names the app's volumes", async (w) => {
    const app = await running(w);
    assert.match((await w.ok(["app", "volume", "ls", app.domain])).stdout, new RegExp(`${app.stack}_data`));
  }),
  assume("volume-rm-deployed", "R", "`app volume rm` is refused while the app is deployed", async (w) => {
    await w.refused(["app", "volume", "rm", "-n", "-f", (await running(w)).domain], /deployed/);
  }),
  assume("volume-rm", "R", "`app volume rm -f` removes the volumes of an undeployed app", async (w) => {
    const app = await undeployed(w);
    await w.ok(["app", "volume", "rm", "-n", "-f", app.domain]);
    assert.equal(await w.shell(`docker volume ls -q -f name=${app.stack}_`), "");
  }),
  assume("rm-deployed", "R", "`app rm` is refused while the app is deployed", async (w) => {
    await w.refused(["app", "rm", "-n", "-f", (await running(w)).domain], /deployed/);
  }),
  assume("remove", "A", "`app remove <domain> -n` removes an undeployed app without asking", async (w) => {
    const app = await undeployed(w);
    await w.ok(["app", "remove", app.domain, "-n"]);
    await w.shell(`test ! -e ${app.envFile}`);
  }),
  assume("remove-data", "R", "`app remove` takes the app's volumes and secrets along", async (w) => {
    const app = await undeployed(w);
    await w.ok(["app", "remove", app.domain, "-n"]);
    assert.equal(await w.shell(`docker volume ls -q -f name=${app.stack}_; docker secret ls -q -f name=${app.stack}_`), "");
  }),
  assume("ls-status", "R", "`app ls -m -S` says deployed or undeployed", async (w) => {
    const [up, down] = [await running(w), await w.app()];
    const { apps } = JSON.parse((await w.ok(["app", "ls", "-m", "-S"])).stdout).default;
    const statusOf = (app: Subject) => apps.find((one: { appName: string }) => one.appName === app.domain).status;
    assert.deepEqual([statusOf(up), statusOf(down)], ["deployed", "undeployed"]);
  }),
];
