import { describe, expect, onTestFinished, test, vi } from "vitest";
import { newDomain } from "../../../harness/build/app/app.ts";
import { FindingError, infra, UsageError } from "../../../harness/base/errors.ts";
import { Build } from "../../../harness/build/context.ts";
import type { BuildEvent } from "../../../harness/build/events.ts";
import { Interrupted } from "../../../harness/build/interrupt.ts";
import { resultsOf } from "../../../harness/build/phases/report.ts";
import { leaseName } from "../../../harness/queue/leaseRecord.ts";
import { stackName } from "../../../harness/recipe/naming.ts";
import { nodeName } from "../../../harness/swarm/ephemeral/container.ts";
import { guardianName } from "../../../harness/swarm/guardian-container.ts";
import type { Swarm } from "../../../harness/swarm/types.ts";
import { request } from "./request.ts";

const interrupted = new Interrupted("signal", "SIGINT", "interrupted by SIGINT");
const recipe = new FindingError("recipe", { class: "crash-loop", service: "app", summary: "app exits", evidence: [], hint: "" });

function building(source = request.source) {
  const controller = new AbortController();
  const events: BuildEvent[] = [];
  const build = new Build({ ...request, source }, (event) => events.push(event), controller.signal, "r1");
  const ended = () => events.flatMap((event) => (event.type === "phase-end" ? [`${event.phase} ${event.status}`] : []));
  return { build, events, ended, interrupt: () => controller.abort(interrupted) };
}

test("incident 18: two builds of one recipe in the same moment share no name and no file", () => {
  vi.useFakeTimers({ now: 0 });
  onTestFinished(() => void vi.useRealTimers());
  const [one, two] = [0, 0].map(() => new Build(request, () => {}, new AbortController().signal));
  expect([one?.id, one?.dir]).not.toContain(two?.id);
  expect(one?.dir).not.toBe(two?.dir);
});

test("incident 27: nothing that a build makes is named after its commit: what one left is in nobody's way who tests the same commit again", () => {
  const commit = "c0ffee0123456789c0ffee0123456789c0ffee01";
  const swarm = { edge: { baseDomain: "ci.test" } } as Pick<Swarm, "edge">;
  const names = () => {
    const build = new Build({ ...request, ref: commit }, () => {}, new AbortController().signal);
    const domain = newDomain("wordpress", swarm);
    return [build.id, build.dir, build.journal.path, leaseName(build.id), guardianName(build.id), nodeName(build.id, 1), domain, stackName(domain)];
  };
  const [first, again] = [names(), names()];
  expect(first.filter((name) => again.includes(name))).toEqual([]);
  expect([...first, ...again].filter((name) => name.includes(commit.slice(0, 6)))).toEqual([]);
});

describe("a phase", () => {
  test.each<[string, unknown, string]>([
    ["the recipe's fault", recipe, "failed"],
    ["infra", infra("x", "y", "z"), "unverified"],
    ["a bug", new Error("x"), "unverified"],
    ["an interrupt", interrupted, "interrupted"],
  ])("that throws %s passes it on and is marked", async (_, error, status) => {
    const { build, ended } = building();
    await expect(build.phase("install", () => Promise.reject(error as Error))).rejects.toBe(error);
    expect(ended()).toEqual([`install ${status}`]);
    expect(build.findings.endedIn).toBe("install");
  });

  test("is not called passed where its tier was not", async () => {
    const { build, ended } = building();
    await build.phase("lint", async () => {});
    for (const [name, status] of [["install", "failed"], ["upgrade", "skipped"]] as const) {
      await build.phase(name, async () => void build.findings.tiers.push({ name, status, reason: "x", tests: [] }));
    }
    expect(ended()).toEqual(["lint passed", "install failed", "upgrade skipped"]);
  });

  test("that listens ends with what it throws; the interrupt is why all the same", async () => {
    const { build, interrupt } = building();
    const phase = build.phase("install", async () => {
      interrupt();
      throw recipe;
    });
    await expect(phase).rejects.toBeInstanceOf(Error);
    build.endedBy(recipe);
    expect(build.findings.ending).toMatchObject({ kind: "interrupted", signal: "SIGINT" });
  });

  test("begins nothing once the build is interrupted, but the closing ones run", async () => {
    const { build, interrupt, ended } = building();
    interrupt();
    await expect(build.phase("install", async () => expect.fail("began"))).rejects.toBe(interrupted);
    expect(await build.closing("teardown", async () => "done")).toBe("done");
    expect(ended()).toEqual(["install interrupted", "teardown passed"]);
    expect(build.findings.endedIn).toBe("install");
  });
});

test("a request that is wrong has no verdict", () => {
  const { build } = building();
  const error = new UsageError("ref x", "does not exist", "name another");
  expect(() => build.endedBy(error)).toThrow(error);
  expect(build.findings.ending).toBeNull();
});

test("a broken display changes nothing", async () => {
  const build = new Build(request, () => { throw new Error("EPIPE"); }, new AbortController().signal, "r1");
  expect(await build.phase("lint", async () => 7)).toBe(7);
  build.warn("still kept");
  expect(build.findings.warnings).toEqual(["still kept"]);
});

describe("secrets never leave", () => {
  const secret = "s3cr3t-value";

  test("in no event and nowhere in the results", async () => {
    const { build, events } = building();
    build.mask.add(secret);
    build.note(`note ${secret}`);
    build.warn(`warning ${secret}`);
    build.waiting(`waiting ${secret}`);
    build.emit({ type: "test", tier: "install", name: `test ${secret}`, status: "failed" });
    await build.phase("install", async () => {
      build.findings.tiers.push({ name: "install", status: "failed", reason: secret, tests: [{ name: secret, status: "failed", durationMs: 1, error: `got ${secret}` }] });
      build.findings.watch.failures.push({ service: "app", slot: "1", task: "t", at: "2026-01-01T00:00:00.000Z", exitCode: 1, error: secret, excusedBy: null, log: [secret] });
    });
    build.endedBy(new FindingError("recipe", { class: "x", service: null, summary: secret, evidence: [secret], hint: secret }));
    const results = resultsOf(build, { version: "0", commit: null, dirty: false });
    expect(JSON.stringify([events, results])).not.toContain(secret);
    expect(results.reason?.summary).toBe("•••");
    expect(results.verdict).toBe("failed");
  });

  test.each([
    ["https://me:hunter22@forge.example/a/wordpress.git", "hunter22"],
    ["https://glpat-token123@forge.example/a/wordpress.git", "glpat-token123"],
  ])("nor the credentials of a recipe's URL: %s", (source, credential) => {
    const { build, events } = building(source);
    build.emit({ type: "build", run: "r1", source, out: "out" });
    expect(JSON.stringify([events, resultsOf(build, { version: "0", commit: null, dirty: false })])).not.toContain(credential);
    expect(events[0]).toMatchObject({ source: source.replace(credential, "•••") });
  });

  test.each(["git@forge.example:a/wordpress.git", "ssh://git@forge.example/a/b.git", "./wordpress", "wordpress", "https://forge.example/a/b.git"])("a source without any is shown as it is: %s", (source) => {
    const { build, events } = building(source);
    build.emit({ type: "build", run: "r1", source, out: "out" });
    expect(events[0]).toMatchObject({ source });
  });
});
