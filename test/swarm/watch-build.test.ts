import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { describe, expect, it } from "vitest";
import type { BuildEvent } from "../../harness/build/events.ts";
import { removeRun } from "../../harness/swarm/ephemeral/remove.ts";
import { inLab } from "./support/in-lab.ts";
import { git, type Lab, type Outcome, usualFlags } from "./support/lab.ts";
import { soonMs } from "./support/watched.ts";

/** Whole builds in which the watch has the last word. */

let host: Docker;
let lab: Lab;

inLab((opened, { docker }) => void ([lab, host] = [opened, docker]));

type Edits = Readonly<Record<string, (text: string) => string>>;

/** A fixture with its head changed. */
async function recipe(fixture: string, folder: string, edits: Edits): Promise<string> {
  const repo = await lab.recipe(fixture, `recipes/${folder}`);
  for (const [name, edit] of Object.entries(edits)) {
    const before = await readFile(join(repo, name), "utf8");
    const after = edit(before);
    if (after === before) throw new Error(`${name} was not changed`);
    await writeFile(join(repo, name), after);
  }
  await git(repo, "commit", "--quiet", "--all", "--message", "test: changed");
  return repo;
}

/** A build with its events; `onEvent` knows the run's id. */
function run(repo: string, out: string, onEvent: (event: BuildEvent, child: ChildProcess, id: string) => void): Promise<Outcome> {
  let id = "";
  return lab.start(["run", repo, "--stages", "install", ...usualFlags, "--out", lab.path(out), "--json"], {
    onEvent: (event, child) => {
      if (event.type === "build") id = event.run;
      onEvent(event, child, id);
    },
  }).ended;
}

/** The processes of `abra app deploy` on a run's node. */
async function abraOn(id: string): Promise<string[]> {
  const { Processes } = await host.getContainer(`recipe-ci-${id}-node1`).top() as { Processes: string[][] };
  return Processes.map((columns) => columns.at(-1) ?? "").filter((line) => / app deploy /.test(line));
}

const isLoopLine = (event: BuildEvent, words: RegExp) => event.type === "waiting" && event.phase === "install" && words.test(event.line);

describe("abra's own wait", () => {
  it("incident 1: is ended, and gone, the moment the watch finds a loop: red in seconds where TIMEOUT is 1200", async () => {
    const repo = await recipe("broken-exit", "waits", {
      ".env.sample": (text) => `${text.replace("TIMEOUT=60", "TIMEOUT=1200")}POST_DEPLOY_CMDS="app setup"\n`,
      "abra.sh": (text) => `${text}\nsetup() { true; }\n`,
    });
    const seen: { during?: Promise<string[]>; after?: Promise<string[]> } = {};
    const outcome = await run(repo, "waits", (event, child, id) => {
      if (isLoopLine(event, /failures? of 4/)) seen.during ??= abraOn(id);
      if (event.type !== "phase-end" || event.phase !== "install") return;
      // The build holds still, so that nothing it does later can end what it left.
      child.kill("SIGSTOP");
      seen.after = abraOn(id).finally(() => child.kill("SIGCONT"));
    });
    const results = lab.results("waits");
    expect(outcome.code, outcome.stdout).toBe(1);
    expect(results).toMatchObject({ verdict: "failed", reason: { class: "crash-loop", service: "app" } });
    expect((await seen.during)?.length, "abra waits meanwhile").toBeGreaterThan(0);
    expect(await seen.after).toEqual([]);
    const install = results.phases.find(({ name }) => name === "install");
    console.log(`red after ${install?.durationMs} ms of install, ${results.watch.decidedMs} ms after the service was created; the whole build ${Math.round(outcome.durationMs)} ms`);
    expect(install?.durationMs).toBeLessThan(60_000);
    expect(results.teardown.status).toBe("clean");
  });

  it("incident 21: that gives up before the app is up is no verdict: the build is green, and the commands did run", async () => {
    const repo = await recipe("tiny", "gives-up", {
      ".env.sample": (text) => `${text.replace("TIMEOUT=60", "TIMEOUT=7")}POST_DEPLOY_CMDS="app mark"\n`,
      "abra.sh": (text) => `${text}\nmark() { echo the-commands-ran >/proc/1/fd/1; }\n`,
      "compose.yml": (text) => text.replace("image: nginx:1.27\n", `image: nginx:1.27\n    command: ["sh", "-c", "sleep 14; exec nginx -g 'daemon off;'"]\n`),
    });
    const outcome = await run(repo, "gives-up", () => {});
    const results = lab.results("gives-up");
    expect(outcome.code, outcome.stdout).toBe(0);
    expect(results).toMatchObject({ verdict: "passed", reason: null });
    expect(results.warnings.join("\n")).toMatch(/abra gave up waiting after .* before the app was up/);
    expect(readFileSync(lab.path("gives-up", "logs", "head", "app.log"), "utf8").match(/the-commands-ran/g)).toHaveLength(1);
    expect(results.watch.restarts).toEqual({});
  });
});

describe("a failure's last words", () => {
  it("are on disk the moment they are seen: a build that is killed right then has them", async () => {
    const repo = await lab.recipe("broken-exit");
    let killed = "";
    const outcome = await run(repo, "killed", (event, child, id) => {
      if (killed !== "" || !isLoopLine(event, /2 failures of 4/)) return;
      killed = id;
      process.kill(-(child.pid ?? 0), "SIGKILL");
    });
    try {
      expect(outcome.code, outcome.stdout).toBe("SIGKILL");
      const words = (which: string) => readFileSync(lab.path("killed", "watch", "head-deploy", `app.1.${which}.log`), "utf8");
      expect(words("first")).toMatch(/exit code 7\nerror: task: non-zero exit \(7\)\n\nlast 1 log lines:\nno settings file\n/);
      expect(words("latest")).toContain("latest failure of app, slot 1");
    } finally {
      if (killed !== "") await removeRun(host, killed);
    }
  });
});

describe("while a tier's tests run", () => {
  it("an app that starts to loop ends them within a second, and is the reason", async () => {
    // Each visit takes 6 s, so the tests go on for 24 s; the worker runs well for 12 s and never again.
    const worker = [
      "  worker:",
      "    image: nginx:1.27",
      `    command: ["sh", "-c", "test -e /state/once && { echo worse; exit 3; }; touch /state/once; sleep 12; exit 3"]`,
      "    volumes: [state:/state]",
      "    deploy:",
      "      restart_policy: { delay: 500ms }",
      "volumes:",
      "  state: {}",
      "networks:",
    ].join("\n");
    const slow = "echo 'limit_req_zone all zone=visits:1m rate=10r/m; limit_req zone=visits burst=20;' >/etc/nginx/conf.d/slow.conf; touch /usr/share/nginx/html/a.css /usr/share/nginx/html/b.js; exec nginx -g 'daemon off;'";
    const repo = await recipe("tiny", "loops", {
      "compose.yml": (text) => text.replace("image: nginx:1.27\n", `image: nginx:1.27\n    command: ["sh", "-c", "${slow}"]\n`).replace(/^networks:$/m, worker),
      "index.html": (text) => `${text}<link rel="stylesheet" href="a.css"><script src="b.js"></script>\n`,
    });
    const outcome = await run(repo, "loops", () => {});
    const results = lab.results("loops");
    expect(outcome.code, outcome.stdout).toBe(1);
    expect(results).toMatchObject({ verdict: "failed", reason: { class: "crash-loop", service: "worker" } });
    expect(results.tiers).toMatchObject([{ name: "install", status: "interrupted" }]);
    const tests = results.phases.flatMap(({ spans }) => spans).find(({ name }) => name === "install tests");
    const ended = Date.parse(tests?.startedAt ?? "") + (tests?.durationMs ?? 0);
    const decided = Math.max(...results.watch.failures.map(({ at }) => Date.parse(at)));
    console.log(`the tests ran ${tests?.durationMs} ms and ended ${ended - decided} ms after the deciding failure`);
    expect(tests?.durationMs).toBeGreaterThan(2_000);
    expect(ended - decided).toBeGreaterThan(0);
    expect(ended - decided).toBeLessThan(soonMs);
    expect(results.artifacts.map(({ path }) => path)).toContain("watch/head-deploy/worker.1.latest.log");
  });
});

describe("a base that keeps exiting", () => {
  it("is base-broken: head was up all the time and is not to blame", async () => {
    const outcome = await lab.run([await lab.recipe("broken-base-exit")], { out: "base" });
    const results = lab.results("base");
    expect(outcome.code, outcome.stdout).toBe(5);
    expect(results).toMatchObject({ verdict: "unverified", reason: { class: "base-broken", service: "app" }, rungs: { install: "pass", upgrade: "unverified" } });
    expect(results.artifacts.map(({ path }) => path)).toContain("watch/base-deploy/app.1.first.log");
    expect(results.teardown.status).toBe("clean");
  });
});
