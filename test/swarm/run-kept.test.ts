import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { command } from "../../harness/base/command.ts";
import { connect, currentEndpoint } from "../../harness/machine/endpoint.ts";
import { removeRun } from "../../harness/swarm/ephemeral/remove.ts";
import { inLab } from "./support/in-lab.ts";
import { git, type Lab, usualFlags } from "./support/lab.ts";

let lab: Lab;
let repo: string;
let run = "";

inLab(async (opened) => {
  lab = opened;
  repo = await lab.recipe("tiny");
});

// A test that failed in the middle leaves its run kept.
afterAll(async () => {
  if (run) await removeRun(connect(currentEndpoint()), run);
});

/** Traefik is told of a port where nothing listens, or of the right one again. */
function routeTo(port: number): void {
  const path = join(repo, "compose.yml");
  writeFileSync(path, readFileSync(path, "utf8").replace(/server\.port=\d+/, `server.port=${port}`));
}

// Each step stands on the one before it.
describe("a kept run, from a broken app to a fix", () => {
  it("keeps the app of a failed build, and says how to open it", async () => {
    routeTo(8081);
    await git(repo, "commit", "--quiet", "--all", "-m", "break it");
    const outcome = await lab.run([repo, "--keep=5m"]);
    const results = lab.results();
    run = results.run.id;
    expect(outcome.code, outcome.stdout).toBe(1);
    expect(results).toMatchObject({ verdict: "failed", reason: { class: "wrong-port" }, teardown: { status: "kept" } });
    expect(outcome.stdout).toContain(`recipe-ci open ${run}`);
    expect(results.teardown.residue.map(({ remove }) => remove)).toEqual([`recipe-ci rm ${run}`]);
    expect((await lab.host.left(run)).filter((one) => one.startsWith("container"))).toHaveLength(1);
  });

  it("is listed, and can be opened", async () => {
    const listed = await lab.recipeCi(["open"]);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining(run) });
    const opened = await lab.recipeCi(["open", run]);
    expect(opened).toMatchObject({ code: 0, stdout: expect.stringMatching(/curl -k --connect-to/) });
  });

  it("shows its logs, and refuses a service that it has not", async () => {
    const logs = await lab.recipeCi(["logs", run, "app"]);
    expect(logs).toMatchObject({ code: 0 });
    expect(logs.stdout.trim()).not.toBe("");
    expect(await lab.recipeCi(["logs", run, "db"])).toMatchObject({ code: 2, stderr: expect.stringMatching(/db.*its services are app/) });
  });

  it("gives a shell in a service, with the command's exit code", async () => {
    expect(await lab.recipeCi(["shell", run, "app", "cat", "/run/nginx.pid"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\n$/) });
    expect(await lab.recipeCi(["shell", run, "app", "sh", "-c", "exit 9"])).toMatchObject({ code: 9 });
  });

  it("takes a fix from the working tree in seconds, and passes its install tier", async () => {
    routeTo(80);
    const out = "out-fix";
    const started = performance.now();
    const outcome = await lab.recipeCi(["run", "--on", run, "--out", lab.path(out), ...usualFlags.filter((flag) => flag === "--install")]);
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    const results = lab.results(out);
    expect(results).toMatchObject({ verdict: "passed", recipe: { dirty: true }, teardown: { status: "kept" } });
    expect(results.tiers.find(({ name }) => name === "install")).toMatchObject({ status: "passed" });
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  it("serves the fixed app where it says", async () => {
    const { stdout } = await lab.recipeCi(["open", run]);
    const [, domain = "", address = ""] = /--connect-to (\S+?):443:(\S+)/.exec(stdout) ?? [];

    const page = await command(["curl", "--silent", "--show-error", "-k", "--connect-to", `${domain}:443:${address}`, `https://${domain}/`], { timeoutMs: 10_000 });
    expect(page, page.stderr).toMatchObject({ exitCode: 0 });
    expect(page.stdout).toContain("<");
  });

  it("is removed whole, and removing what is gone is refused by name", async () => {
    expect(await lab.recipeCi(["rm", run])).toMatchObject({ code: 0 });
    expect(await lab.host.left(run)).toEqual([]);
    expect(await lab.leftovers()).toEqual([]);
    expect(await lab.recipeCi(["rm", run])).toMatchObject({ code: 2, stderr: expect.stringContaining("is not kept") });
    run = "";
  });
});
