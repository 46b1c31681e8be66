import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Outcome } from "../../../harness/abra/outcome.ts";
import { FindingError } from "../../../harness/base/errors.ts";
import type { App } from "../../../harness/build/app/appState.ts";
import type { BackupBot, Created, Snapshot } from "../../../harness/build/backup/backupTypes.ts";
import { Build } from "../../../harness/build/context.ts";
import { backup } from "../../../harness/build/phases/backup.ts";
import type { Plan } from "../../../harness/build/plan.ts";
import { restore } from "../../../harness/build/phases/restore.ts";
import { Site } from "../../../harness/build/site.ts";
import { noSettings } from "../../../harness/config/recipe.ts";
import type { Swarm } from "../../../harness/swarm/types.ts";
import type { DisturbOptions, Settled, Watch } from "../../../harness/watch/watch.ts";
import type { TierResult } from "../../../reports/results.ts";
import { expectationsFor } from "../../../tiers/expectations.ts";
import type { TestRunner, TierRun } from "../../../tiers/runner/runner.ts";
import { request } from "./request.ts";

/** Backup and restore as the build drives them; watch, bot, Swarm and tests are played. */

const loop = new FindingError("recipe", { class: "crash-loop", service: "app", summary: "app: 4 failures", evidence: [], hint: "" });
const outcome: Outcome = { ok: true, exitCode: 0, fatal: null, stdout: "", stderr: "", timedOut: false, durationMs: 1 };
const snapshot = (id: string, at: string): Snapshot => ({ id: id.repeat(64), at, tags: ["d"], paths: [] });
const [earlier, mine, later] = [snapshot("a", "2026-11-20T10:00:00.000Z"), snapshot("b", "2026-11-21T10:00:00.000Z"), snapshot("c", "2026-11-21T10:00:01.000Z")];

let site: Site;
let happened: string[];
let ran: TierRun[];
let broken: AbortController;
let settling: PromiseWithResolvers<Settled> | null;
let disturbances: DisturbOptions[];
let bot: BackupBot;
let plan: Plan;
let app: App;

const hangs = <T>(signal: AbortSignal | undefined) => new Promise<T>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));

beforeEach(() => {
  [happened, ran, broken, settling, disturbances] = [[], [], new AbortController(), null, []];
  site = new Site(new Build({ ...request, tiers: ["backup", "restore"] }, () => {}, new AbortController().signal, "r1"));
  const watch: Partial<Watch> = {
    broken: broken.signal,
    settled: () => {
      happened.push("settled asked");
      return settling?.promise ?? Promise.resolve({ atMs: 0, decidedMs: 0, warnings: [] });
    },
    disturb: (disturbance) => {
      disturbances.push(disturbance);
      happened.push("disturbance begins");
      return () => void happened.push("disturbance ends");
    },
  };
  const labels = { "backupbot.backup": "true", "backupbot.restore.post-hook": "/reload" };
  app = {
    which: "head", domain: "d", stack: "s", recipe: "r", settings: noSettings, asked: {}, tree: { commit: "0123", dir: "" }, env: {}, secrets: {}, seeded: false, givenUp: false, overlays: [], overlaid: [],
    compose: { services: [{ name: "app", labels, image: "nginx", mounts: { "/data": "files" } }], secrets: [], configs: [], volumes: [{ key: "files", name: "s_files", external: false }], networks: [], version: null },
    watch,
  } as unknown as App;
  site.apps.push(app);
  plan = { head: app, upgraded: null, headTree: app.tree } as unknown as Plan;
  const swarm = { docker: { listContainers: async () => [] }, edge: { address: "", httpsPort: 1, trust: "public" } } as unknown as Swarm;
  site.swarm = async () => swarm;
  bot = {
    name: "bot", image: "bot:1",
    create: async (): Promise<Created> => {
      happened.push("backup");
      return { outcome, made: [mine] };
    },
    snapshots: async () => [earlier, mine, later],
    quiet: async () => {},
    mixed: async () => [],
    files: async () => [],
    content: async () => new Uint8Array(),
    restore: async (_, id) => {
      happened.push(`restore ${id.slice(0, 1)}`);
      return outcome;
    },
    forget: async () => {},
  };
  site.bot = Promise.resolve(bot);
  const runner: TestRunner = {
    run: async (run): Promise<TierResult> => {
      ran.push(run);
      happened.push(`${run.tier} tests`);
      return { name: run.tier, status: "passed", reason: null, tests: [] };
    },
    close: async () => {},
  };
  site.testRunner = async () => runner;
});

afterEach(() => site.build.findings.tiers.splice(0));

async function both(): Promise<void> {
  await restore(site, await backup(site, plan));
}

function expectations<T extends "backup" | "restore">(tier: T) {
  const found = ran.map((run) => run.context.expect).find((wanted) => wanted.tier === tier);
  if (!found) throw new Error(`the ${tier} tier was not run`);
  return expectationsFor(found, tier);
}

test("incident 6: no hook runs while a service is still being updated, though it has all its replicas", async () => {
  settling = Promise.withResolvers();
  const done = both();
  await new Promise((resolve) => setImmediate(resolve));
  expect(happened, "the watch is asked, abra is not").toEqual(["settled asked"]);
  settling.resolve({ atMs: 0, decidedMs: 0, warnings: [] });
  await done;
  expect(happened.slice(0, 2)).toEqual(["settled asked", "backup"]);
});

test("incident 13: this run's snapshot is restored by its id, neither the newest nor another run's", async () => {
  await both();
  expect(happened).toContain("restore b");
  expect(happened.filter((line) => line.startsWith("restore ") && line.length === 9)).toHaveLength(1);
  expect(expectations("restore").restored.snapshot).toBe(mine.id);
});

test("incident 12: a backup that ended well and made no snapshot leaves nothing to restore, and the backup tier is told", async () => {
  bot.create = async () => ({ outcome, made: [] });
  await both();
  expect(expectations("backup").snapshots).toEqual([]);
  expect(happened.filter((line) => line.startsWith("restore"))).toEqual([]);
  expect(site.build.findings.tiers.find(({ name }) => name === "restore")).toMatchObject({ status: "unverified", reason: expect.stringContaining("no snapshot") });
});

test("where the only new snapshot holds other apps besides, both are unverified and nothing is restored", async () => {
  bot.create = async () => {
    throw new FindingError("unverified", { class: "foreign-snapshot", service: null, summary: "it holds more than d", evidence: [], hint: "use a throwaway Swarm" });
  };
  await both();
  expect(happened).toEqual(["settled asked"]);
  expect(site.build.findings.tiers).toMatchObject(["backup", "restore"].map((name) => ({ name, status: "unverified", reason: `${name}: it holds more than d; use a throwaway Swarm` })));
});

describe("an external volume is captured", () => {
  beforeEach(() => {
    app.compose = { ...app.compose, volumes: [{ key: "files", name: "media", external: true }] };
  });

  test("on a Swarm that stays the restore is not run: it would take other apps' data back", async () => {
    const swarm = await site.swarm();
    site.swarm = async () => ({ ...swarm, kind: "local" });
    await both();
    expect(happened).toEqual(["settled asked", "backup", "backup tests"]);
    expect(site.build.findings.tiers.find(({ name }) => name === "restore")).toMatchObject({ status: "unverified", reason: expect.stringContaining("takes media, which other apps") });
  });

  test("nor where its name is fixed, so that other apps of the recipe have it too", async () => {
    app.compose = { ...app.compose, volumes: [{ key: "files", name: "media", external: false, fixed: true }] };
    const swarm = await site.swarm();
    site.swarm = async () => ({ ...swarm, kind: "local" });
    await both();
    expect(happened).toEqual(["settled asked", "backup", "backup tests"]);
  });

  test("a throwaway one has nobody else's", async () => {
    await both();
    expect(happened).toContain("restore b");
    expect(expectations("restore").gaps).toEqual([{ what: "volume files", why: expect.stringContaining("external") }]);
  });
});

test("the restore is a disturbance of the services whose data it changes, and of no more time than it takes", async () => {
  await both();
  expect(disturbances).toMatchObject([{ targets: ["app"], why: expect.stringContaining("bbbbbbbb") }]);
  expect(happened).toEqual(["settled asked", "backup", "backup tests", "disturbance begins", "restore b", "disturbance ends", "settled asked", "restore tests"]);
});

describe("an app that starts to loop ends it at once", () => {
  test("in the middle of a backup", async () => {
    bot.create = (_, signal) => hangs(signal);
    const done = both();
    await new Promise((resolve) => setImmediate(resolve));
    broken.abort(loop);
    await expect(done).rejects.toBe(loop);
  });

  test("in the middle of a restore, and the disturbance ends", async () => {
    bot.restore = (_, __, signal) => hangs(signal);
    const done = both();
    while (!happened.includes("disturbance begins")) await new Promise((resolve) => setImmediate(resolve));
    broken.abort(loop);
    await expect(done).rejects.toBe(loop);
    expect(happened.at(-1)).toBe("disturbance ends");
  });
});

test("without labels both are structural skips that say so, and no bot is asked for", async () => {
  app.compose = { ...app.compose, services: app.compose.services.map((service) => ({ ...service, labels: {} })) };
  site.bot = Promise.reject(new Error("nobody wants a bot"));
  site.bot.catch(() => {});
  await both();
  expect(site.build.findings.tiers).toMatchObject([{ name: "backup", status: "skipped", reason: expect.stringContaining("backupbot.backup") }, { name: "restore", status: "skipped" }]);
});

test("what no witness can stand for leaves the restore open, and says what to write", async () => {
  await both();
  expect(expectations("restore").gaps).toEqual([{ what: "volume files", why: "no container of the app on this node mounts it" }]);
});

type Came = "passed" | "failed";

describe("hooks.ts", () => {
  /** A list is what a step comes to each time. */
  const withHooks = (results: Readonly<Partial<Record<string, Came | readonly Came[]>>>) => {
    const left = new Map(Object.entries(results).map(([step, came]) => [step, [came ?? []].flat()]));
    site.build.tests = { ...site.build.tests, hooks: "/recipes/r/hooks.ts" };
    site.testRunner = async () => ({
      run: async (run) => {
        ran.push(run);
        const { expect: wanted } = run.context;
        const step = wanted.tier === "hook" ? wanted.step : null;
        happened.push(step ?? `${run.tier} tests`);
        if (step === null) return { name: run.tier, status: "passed", reason: null, tests: [] };
        const all = left.get(step) ?? [];
        const status = all.length > 1 ? all.shift() : all[0];
        const one = { name: `hooks.ts: ${step}`, status: status ?? ("skipped" as const), durationMs: 1, error: status ? null : `hooks.ts exports no ${step}` };
        return { name: run.tier, status: status ?? "unverified", reason: status === "passed" ? null : `${run.tier}: ${step} ${status}`, tests: [one] };
      },
      close: async () => {},
    });
  };

  test("seed before the backup, mutate before the restore, verify after it; then gaps are filled", async () => {
    withHooks({ seed: "passed", mutate: "passed", verify: ["failed", "passed"] });
    await both();
    expect(happened.filter((line) => ["seed", "backup", "mutate", "restore b", "verify"].includes(line))).toEqual(["seed", "backup", "mutate", "verify", "restore b", "verify"]);
    expect(expectations("restore").gaps).toEqual([]);
    expect(site.build.findings.tiers.map(({ name, status, tests }) => [name, status, tests.map((one) => one.name)])).toEqual([
      ["backup", "passed", ["hooks.ts: seed"]], ["restore", "passed", ["hooks.ts: mutate", "hooks.ts: verify"]],
    ]);
  });

  test("what the recipe leaves to an operator after a restore is done before anybody looks, and its failure is the restore's", async () => {
    withHooks({ seed: "passed", mutate: "passed", restored: "passed", verify: ["failed", "passed"] });
    await both();
    expect(happened.filter((line) => ["restore b", "restored", "verify", "settled asked"].includes(line)).slice(-5)).toEqual(["restore b", "settled asked", "restored", "settled asked", "verify"]);
    expect(site.build.findings.tiers.find(({ name }) => name === "restore")).toMatchObject({ status: "passed", tests: [{ name: "hooks.ts: mutate" }, { name: "hooks.ts: restored" }, { name: "hooks.ts: verify" }] });
  });

  test("a step after the restore that fails fails it", async () => {
    withHooks({ seed: "passed", mutate: "passed", restored: "failed", verify: ["failed", "passed"] });
    await both();
    expect(site.build.findings.tiers.find(({ name }) => name === "restore")).toMatchObject({ status: "failed", reason: "restore: restored failed" });
  });

  test("a mutate that spoils nothing shows nothing: gaps stay, and the restore is unverified for it", async () => {
    withHooks({ seed: "passed", mutate: "passed", verify: "passed" });
    await both();
    expect(expectations("restore").gaps).toHaveLength(1);
    expect(site.build.findings.tiers.find(({ name }) => name === "restore")).toMatchObject({ status: "unverified", reason: expect.stringContaining("mutate of hooks.ts spoilt nothing") });
  });

  test("content that does not come back fails the restore", async () => {
    withHooks({ seed: "passed", mutate: "passed", verify: "failed" });
    await both();
    expect(site.build.findings.tiers.find(({ name }) => name === "restore")).toMatchObject({ status: "failed", reason: "restore: verify failed" });
  });

  test("steps that hooks.ts does not export are left out, and gaps stay", async () => {
    withHooks({ verify: "passed" });
    await both();
    expect(happened).not.toContain("verify");
    expect(expectations("restore").gaps).toHaveLength(1);
    expect(site.build.findings.tiers.map(({ status }) => status)).toEqual(["passed", "passed"]);
  });
});
