import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DeployOptions } from "../../../harness/abra/abra.ts";
import type { Outcome } from "../../../harness/abra/outcome.ts";
import { FindingError, infra } from "../../../harness/base/errors.ts";
import type { App } from "../../../harness/build/app/appState.ts";
import { Build } from "../../../harness/build/context.ts";
import { deployTimeoutMs } from "../../../harness/build/app/limits.ts";
import { deploy } from "../../../harness/build/change/deploy.ts";
import { Site } from "../../../harness/build/site.ts";
import { noSettings } from "../../../harness/config/recipe.ts";
import type { Swarm } from "../../../harness/swarm/types.ts";
import type { Settled, Watch } from "../../../harness/watch/watch.ts";
import { request } from "./request.ts";

/** abra and the watch side by side, each as slow, wrong or dead as a test wants it. */

const loop = new FindingError("recipe", { class: "crash-loop", service: "db", summary: "db: 4 failures", evidence: [], hint: "" });
const settledNow: Settled = { atMs: 0, decidedMs: 0, warnings: [] };
const outcome = (more: Partial<Outcome> = {}): Outcome => ({ ok: true, exitCode: 0, fatal: null, stdout: "", stderr: "", timedOut: false, durationMs: 300_000, ...more });
const fata = outcome({ ok: false, exitCode: 1, fatal: "deploy timed out" });

type Abra = (options: DeployOptions) => Promise<Outcome>;
/** Waits for ever, and ends as the shell does: with the signal's reason. */
const waits: Abra = ({ signal }) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));

let site: Site;
let calls: DeployOptions[];
let changes: string[];
let settle: PromiseWithResolvers<Settled>[];
let held: PromiseWithResolvers<Settled>[];
let broken: AbortController;
let reached: boolean;
let overlays: App["overlays"];

beforeEach(() => {
  vi.useFakeTimers();
  site = new Site(new Build(request, () => {}, new AbortController().signal, "r1"));
  [calls, changes, settle, held, broken, reached, overlays] = [[], [], [], [], new AbortController(), true, []];
});

afterEach(() => vi.useRealTimers());

function deploying(abra: Abra[], commands = true): Promise<void> {
  const watch: Partial<Watch> = {
    broken: broken.signal,
    beforeChange: async (name) => void changes.push(name),
    afterChange: () => void changes.push("applied"),
    reached: async () => {
      broken.signal.throwIfAborted();
      return reached;
    },
    settled: () => {
      settle.push(Promise.withResolvers());
      return (settle.at(-1) as PromiseWithResolvers<Settled>).promise;
    },
    converged: () => {
      held.push(Promise.withResolvers());
      return (held.at(-1) as PromiseWithResolvers<Settled>).promise;
    },
  };
  const app = {
    which: "head", domain: "d", stack: "s", settings: noSettings, asked: {}, tree: { commit: "0123456789", dir: "" },
    compose: { services: [{ name: "app", labels: {} }], secrets: [], configs: [], volumes: [], networks: [], version: null },
    env: commands ? { POST_DEPLOY_CMDS: "app setup" } : {},
    watch, givenUp: false, overlays,
    abra: {
      deploy: (options: DeployOptions) => {
        calls.push(options);
        return (abra[calls.length - 1] ?? waits)(options);
      },
    },
  } as unknown as App;
  site.apps.push(app);
  const done = deploy(site, { docker: { ping: async () => "OK" } } as unknown as Swarm, app, { force: false });
  done.catch(() => {});
  return done;
}

/** Lets everything happen that needs no time worth the name. */
const now = () => vi.advanceTimersByTimeAsync(150);

function breaks(): void {
  broken.abort(loop);
  for (const { reject } of [...settle, ...held]) reject(loop);
}

describe("the watch wins", () => {
  test("where it finds a loop while abra waits for it to converge", async () => {
    const done = deploying([waits]);
    await now();
    breaks();
    await expect(done).rejects.toBe(loop);
    expect(calls[0]?.signal?.aborted).toBe(true);
  });

  test("where abra itself can't be ended: that is worth a warning, no other verdict", async () => {
    const done = deploying([(options) => waits(options).catch(() => Promise.reject(infra("node-exec", "abra can't be ended on the node", "")))]);
    await now();
    breaks();
    await expect(done).rejects.toBe(loop);
    expect(site.build.findings.warnings).toEqual(["abra can't be ended on the node"]);
  });

  test("where abra's own wait gave up first, and the loop is found later", async () => {
    const done = deploying([async () => fata]);
    await now();
    expect(changes).toEqual(["deploy", "applied"]);
    breaks();
    await expect(done).rejects.toBe(loop);
    expect(calls).toHaveLength(1);
  });

  test("where the deadline passes while abra still waits", async () => {
    const deadline = new FindingError("recipe", { class: "deadline", service: "app", summary: "not up", evidence: [], hint: "" });
    const done = deploying([waits]);
    await now();
    settle[0]?.reject(deadline);
    await expect(done).rejects.toBe(deadline);
    expect(calls[0]?.signal?.aborted).toBe(true);
  });

  test("where abra hangs although the app is up and it has nothing more to do: ended after 30 s", async () => {
    const done = deploying([waits], false);
    await now();
    settle[0]?.resolve(settledNow);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(calls[0]?.signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1_500);
    await done;
    expect(site.build.findings.warnings[0]).toMatch(/^abra app deploy did not end although the app is deployed/);
  });
});

describe("abra's wait that gives up before the app is up", () => {
  test("incident 21: is no verdict; the same is deployed once more, for the commands", async () => {
    const done = deploying([async () => fata, async () => outcome()]);
    await now();
    settle[0]?.resolve(settledNow);
    await now();
    expect(changes).toEqual(["deploy", "applied", "deploy again", "applied"]);
    settle[1]?.resolve(settledNow);
    await done;
    expect(calls.map(({ force, noConverge }) => ({ force, noConverge }))).toEqual([{ force: false, noConverge: false }, { force: true, noConverge: false }]);
    expect(site.build.findings.warnings[0]).toContain("abra gave up waiting after 5 min 0 s (deploy timed out), before the app was up");
  });

  test("although it was up a moment before, shorter than abra waits: no verdict either", async () => {
    const done = deploying([async () => fata, async () => outcome()]);
    await vi.advanceTimersByTimeAsync(0);
    settle[0]?.resolve(settledNow);
    await now();
    expect(changes).toEqual(["deploy", "applied", "deploy again", "applied"]);
    settle[1]?.resolve(settledNow);
    await done;
  });

  test("twice leaves the commands undone: unverified", async () => {
    const done = deploying([async () => fata, async () => fata]);
    await now();
    settle[0]?.resolve(settledNow);
    await now();
    settle[1]?.resolve(settledNow);
    await expect(done).rejects.toMatchObject({ blame: "unverified", reason: { class: "commands-not-run" } });
  });
});

describe("abra's refusal stands", () => {
  const refused = { blame: "recipe", reason: { class: "abra-refused", summary: expect.stringContaining("deploy timed out") } };

  test("before it deployed anything", async () => {
    reached = false;
    const done = deploying([async () => fata]);
    await now();
    await expect(done).rejects.toMatchObject(refused);
  });

  test.each([false, true])("but under an overlay of the settings it may be that one's, unless all is deployed with it: %s", async (deployed) => {
    overlays = [{ said: "overlays.0 of recipe.ts", text: "services: {app: {ports: []}}", host: false }];
    reached = deployed;
    const done = deploying([async () => fata], false);
    await now();
    const ours = { blame: "harness-limit", reason: { class: "abra-refused", evidence: expect.arrayContaining([expect.stringContaining("overlays.0 of recipe.ts")]) } };
    await expect(done).rejects.toMatchObject(deployed ? refused : ours);
  });

  test("where its commands fail in an app that has been up long enough for its wait", async () => {
    const done = deploying([async () => fata]);
    await vi.advanceTimersByTimeAsync(0);
    held[0]?.resolve(settledNow);
    await now();
    await expect(done).rejects.toMatchObject(refused);
    expect(calls).toHaveLength(1);
  });

  test("where it does not wait at all", async () => {
    const done = deploying([async () => fata], false);
    await now();
    await expect(done).rejects.toMatchObject(refused);
  });
});

test("an interrupt is why, whatever it makes abra say", async () => {
  const controller = new AbortController();
  site = new Site(new Build(request, () => {}, controller.signal, "r1"));
  const done = deploying([waits]);
  await now();
  const reason = new Error("Ctrl-C");
  controller.abort(reason);
  await expect(done).rejects.toBe(reason);
});

test("settings are taken at their word, whatever the label says", () => {
  const app = { stack: "s", compose: { services: [{ name: "app", labels: { "coop-cloud.s.timeout": "7200" } }] } } as unknown as App;
  expect(deployTimeoutMs({ ...app, settings: { timeouts: { deployMs: 20_000 } } })).toBe(20_000);
});

describe("how long a deployment may take by the label of its TIMEOUT", () => {
  test.each([
    [undefined, 600_000],
    ["", 600_000],
    ["0", 600_000],
    ["-5", 600_000],
    ["20m", 600_000],
    ["60", 600_000],
    ["1200", 1_200_000],
    // A timer of 2^31 ms and more ends at once.
    ["9999999", 86_400_000],
    ["1e300", 86_400_000],
    ["Infinity", 600_000],
  ])("%s", (seconds, expected) => {
    const labels = seconds === undefined ? {} : { "coop-cloud.s.timeout": seconds };
    expect(deployTimeoutMs({ settings: noSettings, stack: "s", compose: { services: [{ name: "db", labels: { "coop-cloud.s.timeout": "7200" } }, { name: "app", labels }] } } as unknown as App)).toBe(expected);
  });
});
