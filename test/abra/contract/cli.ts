import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";

/** Flags, exit codes, streams, servers. */
export const cliAssumptions: readonly Assumption[] = [
  assume("version", "B", "`abra --version` prints `abra version 0.13.0-beta-06a57de` and nothing else", async (w) => {
    const { stdout, stderr } = await w.ok(["--version"]);
    assert.deepEqual([stdout, stderr], ["abra version 0.13.0-beta-06a57de", ""]);
  }),
  assume("fatal-exit", "B", "a refusal is a FATA line and exit code 1", async (w) => {
    await w.refused(["app", "ps", "nowhere.ci.test"], /^FATA /);
  }),
  assume("fatal-stderr", "R", "FATA, WARN and INFO lines go to stderr, results to stdout", async (w) => {
    const { stdout, stderr } = await w.abra(["app", "ps", "nowhere.ci.test"]);
    assert.equal(stdout, "");
    assert.match(stderr, /FATA/);
  }),
  assume("unknown-flag", "I", "a flag that a command does not know is an error, long or short", async (w) => {
    await w.refused(["app", "ls", "--no-such-flag"], /unknown flag: --no-such-flag/);
    await w.refused(["app", "ls", "-Z"], /unknown shorthand flag: 'Z'/);
  }),
  assume("unknown-command", "I", "an unknown command is an error", async (w) => {
    await w.refused(["no-such-command"], /unknown command/);
  }),
  assume("positionals-counted", "I", "too few or too many positionals are an error", async (w) => {
    await w.refused(["app", "undeploy", "-n"], /arg/);
    await w.refused(["app", "undeploy", "-n", "a.ci.test", "b.ci.test"], /arg/);
  }),
  assume("flags-first", "I", "flags may stand before the positionals of a leaf command", async (w) => {
    await w.refused(["app", "ps", "-m", "nowhere.ci.test"], /nowhere\.ci\.test/);
  }),
  assume("flags-last", "A", "flags may stand after positionals", async (w) => {
    await w.refused(["app", "ps", "nowhere.ci.test", "-m"], /nowhere\.ci\.test/);
  }),
  assume("server-local", "A", "`server add --local` makes a server called `default`", async (w) => {
    // The contract's world has it already.
    assert.match((await w.ok(["server", "ls", "-m"])).stdout, /"default"/);
  }),
  assume("server-add-twice", "R", "adding the local server a second time is refused", async (w) => {
    await w.refused(["server", "add", "--local"], /FATA/);
  }),
  assume("server-ls-json", "A", "`server ls -m` is a JSON list of {name, host}", async (w) => {
    const servers = JSON.parse((await w.ok(["server", "ls", "-m"])).stdout);
    assert.equal(servers[0].name, "default");
    assert.equal(typeof servers[0].host, "string");
  }),
  assume("abra-dir", "B", "ABRA_DIR replaces ~/.abra", async (w) => {
    assert.equal(await w.shell("ls -A ~/.abra 2>/dev/null | wc -l"), "0");
    assert.match(await w.shell(`ls ${w.abraDir}/servers`), /default/);
  }),
  assume("docker-host", "R", "DOCKER_HOST is not honoured: the server `default` is always the daemon behind /var/run/docker.sock", async (w) => {
    const app = await w.app();
    await w.deploy(app, "-c");
    await w.ok(["app", "ps", "-m", app.domain], { env: { DOCKER_HOST: "tcp://127.0.0.1:1" } });
  }),
  assume("ls-json", "A", "`app ls -m` is an object by server; an app there has string values only, chaos is \"true\" or \"false\"", async (w) => {
    const app = await w.app();
    const all = JSON.parse((await w.ok(["app", "ls", "-m"])).stdout);
    const row = all.default.apps.find((one: { appName: string }) => one.appName === app.domain);
    const keys = ["server", "recipe", "appName", "domain", "status", "chaos", "chaosVersion", "version", "upgrade"];
    assert.deepEqual(keys.map((key) => typeof row[key]), keys.map(() => "string"));
    assert.match(row.chaos, /^(true|false)$/);
    assert.equal(typeof all.default.appCount, "number");
  }),
  assume("ps-json", "A", "`app ps -m` is an object of objects with string values: service, chaos, created, image, ports, state, status, version", async (w) => {
    const app = await w.app();
    await w.deploy(app);
    const rows = Object.values(JSON.parse((await w.ok(["app", "ps", app.domain, "-m"])).stdout)) as Record<string, string>[];
    assert.deepEqual(Object.keys(rows[0] ?? {}).sort(), ["chaos", "created", "image", "ports", "service", "state", "status", "version"]);
    assert.ok(Object.values(rows[0] ?? {}).every((value) => typeof value === "string"));
  }),
  assume("debug-lines", "B", "`--debug` adds DEBU lines, one with the chaos version", async (w) => {
    const app = await w.app();
    const { stderr, stdout } = await w.deploy(app, "-c", "--debug");
    assert.match(stderr + stdout, /DEBU.*taking chaos version: [0-9a-f]{8}/);
  }),
];
