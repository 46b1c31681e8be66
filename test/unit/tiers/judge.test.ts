import { describe, expect, test } from "vitest";
import { wrongAnswers } from "../../../tiers/judge/load.ts";
import { firstAssets, isTraefiksOwn } from "../../../tiers/judge/page.ts";
import { unrotated } from "../../../tiers/judge/secrets.ts";
import { missingReplicas, restartsSince, wrongLabel } from "../../../tiers/judge/services.ts";
import { leftovers, moved, notHead, rolledBack } from "../../../tiers/judge/upgrade.ts";
import { service, task } from "./helpers.ts";

describe("replicas", () => {
  test.each([
    ["running", service("app"), []],
    ["scaled to nothing on purpose", service("app", { desired: 0, tasks: [] }), []],
    ["still starting", service("app", { tasks: [task("1", { state: "starting" })] }), ["app: 0 of 1 tasks are there"]],
    ["told to stop", service("app", { tasks: [task("1", { desired: "shutdown" })] }), ["app: 0 of 1 tasks are there"]],
    ["ended", service("app", { tasks: [task("1", { state: "failed", error: "task: non-zero exit (7)" })] }), ["app: 0 of 1 tasks are there (failed: task: non-zero exit (7))"]],
    ["a one-shot that is done", service("init", { oneShot: true, tasks: [task("1", { state: "complete", desired: "shutdown" })] }), []],
    ["a server that ended with 0", service("app", { tasks: [task("1", { state: "complete", desired: "shutdown" })] }), ["app: 0 of 1 tasks are there"]],
    ["one of two", service("app", { desired: 2 }), ["app: 1 of 2 tasks are there"]],
  ])("%s", (_, given, problems) => expect(missingReplicas([given])).toEqual(problems));
});

describe("answers under load", () => {
  test.each<[string, Record<string, number>, number, string[]]>([
    ["all as they may be", { 200: 5000, 302: 10 }, 0, []],
    ["a single one that went wrong", { 200: 50, 502: 1 }, 0, []],
    ["a single one without an answer", { 200: 50 }, 1, []],
    ["one of a thousand", { 200: 9_990, 500: 5 }, 5, []],
    ["more than that", { 200: 9_989, 500: 6 }, 5, ["11 of 10000 requests went wrong (6 times 500, 5 without an answer): 1 of 1000 may"]],
    ["more than one of a few", { 200: 50, 500: 2 }, 0, ["2 of 52 requests went wrong (2 times 500): 1 of 1000 may"]],
    ["told to slow down, which is no fault", { 200: 10, 429: 4000 }, 0, []],
    ["told to slow down, always", { 429: 4000 }, 0, ["none of 4000 requests got the page"]],
    ["a page that may not be", { 404: 100 }, 0, ["none of 100 requests got the page (100 times 404)"]],
    ["nobody there", {}, 10, ["none of 10 requests got the page (10 without an answer)"]],
  ])("%s", (_, answers, errors, problems) => expect(wrongAnswers(answers, errors, [200, 302])).toEqual(problems));
});

describe("secrets after a rotation", () => {
  const has = (name: string, ...secrets: string[]) => ({ service: name, secrets });
  const before = [has("app", "s_key_v1", "s_key_of_db_v1"), has("db", "s_key_of_db_v1"), has("cache")];
  const key = { key: "key", name: "s_key_v2" };
  test.each([
    ["new where the old one was", [key], [has("app", "s_key_v2", "s_key_of_db_v1"), has("db", "s_key_of_db_v1"), has("cache")], []],
    ["old still", [key], before, ["app: does not ask for s_key_v2", "app: still asks for s_key_v1"]],
    ["both", [key], [has("app", "s_key_v1", "s_key_v2"), ...before.slice(1)], ["app: still asks for s_key_v1"]],
    ["one of two services", [{ key: "key_of_db", name: "s_key_of_db_v2" }], [has("app", "s_key_v1", "s_key_of_db_v2"), has("db", "s_key_of_db_v1")], ["db: does not ask for s_key_of_db_v2", "db: still asks for s_key_of_db_v1"]],
    ["a name that no version moves", [{ key: "key", name: "s_key_v1" }], before, ["app: key is s_key_v1 whatever its version in the .env says: name it ${STACK_NAME}_key_${SECRET_KEY_VERSION} in compose.yml"]],
  ])("%s", (_, wanted, now, problems) => expect(unrotated(wanted, before, now)).toEqual(problems));
});

describe("restarts since it settled", () => {
  const settled = [service("app"), service("db")];
  test.each([
    ["nothing happened", settled, []],
    ["an old failure of before", [service("app", { tasks: [task("app-1")] }), service("db")], []],
    ["replaced", [service("app", { tasks: [task("app-1", { state: "failed", error: "exit 1" }), task("app-2")] }), service("db")], ["app: task app-1 ended (failed: exit 1)"]],
    ["replaced, and the old one is forgotten", [service("app", { tasks: [task("app-9")] }), service("db")], ["app: task app-1 ended"]],
    ["gone", [service("app")], ["db: the service is gone"]],
    ["a second one fails beside it", [service("app", { tasks: [task("app-1"), task("app-2", { state: "rejected", error: "no image" })] }), service("db")], ["app: task app-2 rejected: no image"]],
  ])("%s", (_, now, problems) => expect(restartsSince(settled, now)).toEqual(problems));
});

test("the label on app", () => {
  const label = { key: "coop-cloud.x.chaos-version", value: "1a2b3c4d" };
  expect(wrongLabel([service("app", { labels: { [label.key]: label.value } })], label)).toEqual([]);
  expect(wrongLabel([service("app")], label)).toEqual(['app: label coop-cloud.x.chaos-version is missing, expected "1a2b3c4d"']);
  expect(wrongLabel([service("db")], label)).toEqual(["there is no service app"]);
});

describe("running what head says", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const other = `sha256:${"b".repeat(64)}`;
  const run = (image: string) => [service("app", { image, tasks: [task("1", { image })] })];
  test.each([
    ["same tag, no digest known", "nginx:1.27", null, "nginx:1.27", true],
    ["Swarm added the digest", "nginx:1.27", digest, `nginx:1.27@${digest}`, true],
    ["short and long names", "nginx", null, "docker.io/library/nginx:latest", true],
    ["another tag", "nginx:1.27", null, "nginx:1.26", false],
    ["another digest behind the tag", "nginx:1.27", digest, `nginx:1.27@${other}`, false],
    ["pinned by the recipe", `nginx:1.27@${digest}`, null, `nginx:1.27@${other}`, false],
    ["another registry", "ghcr.io/a/b:1", null, "a/b:1", false],
    ["a registry with a port", "localhost:5000/a", null, "localhost:5000/a:latest", true],
  ])("%s", (_, image, known, running, good) => {
    expect(notHead([{ name: "app", image, digest: known }], run(running)).length === 0).toBe(good);
  });

  test("the spec is head's and a task still runs the old image", () => {
    expect(notHead([{ name: "app", image: "nginx:1.27", digest: null }], [service("app", { tasks: [task("1", { image: "nginx:1.26" })] })])).toEqual(["app: task 1 runs nginx:1.26, head says nginx:1.27"]);
  });

  test("a service that head has and that does not run", () => {
    const head = [{ name: "app", image: "nginx:1.27", digest: null }, { name: "cache", image: "redis:7", digest: null }];
    const now = [service("app"), service("old")];
    expect(notHead(head, now)).toEqual(["cache: head has this service and it does not run"]);
  });

  test("incident 16: a service that left head and still runs", () => {
    expect(leftovers([{ name: "app", image: "nginx:1.27", digest: null }], [service("app"), service("old")])).toEqual(["old: not in head's compose files, and still there"]);
  });
});

describe("incident 8: an upgrade from a version to itself moves nothing", () => {
  const before = [service("app", { labels: { "coop-cloud.s.chaos-version": "1", "coop-cloud.s.version": "1" } })];
  const app = (over: Parameters<typeof service>[1]) => [{ ...service("app"), labels: before[0]?.labels ?? {}, ...over }];
  test.each([
    ["only abra's commit label and the spec's number", app({ specVersion: 12, labels: { "coop-cloud.s.chaos-version": "2", "coop-cloud.s.version": "1" } }), []],
    ["the version label", app({ labels: { "coop-cloud.s.chaos-version": "2", "coop-cloud.s.version": "2" } }), ["app: label coop-cloud.s.version"]],
    ["the image", app({ image: "nginx:1.28" }), ["app: image nginx:1.27 -> nginx:1.28"]],
    ["a new config", app({ spec: "two" }), ["app: its configuration"]],
    ["only the tasks, which abra replaces with every deploy", app({ tasks: [task("app-1", { state: "shutdown", desired: "shutdown" }), task("app-2")] }), []],
    ["a new service", [...app({}), service("cache")], ["cache: new"]],
    ["a service less", [], ["app: removed"]],
  ])("%s", (_, now, what) => expect(moved(before, now)).toEqual(what));
});

describe("incident 7: an upgrade that Swarm rolled back serves the old version and is healthy", () => {
  const at = (state: string, startedAt: string) => [service("app", { update: { state, startedAt } })];
  test.each([
    ["done", at("completed", "T1"), at("completed", "T2"), 0],
    ["rolled back by this change: old version healthy", at("completed", "T1"), at("rollback_completed", "T2"), 1],
    ["rolled back on the first update", [service("app")], at("rollback_paused", "T2"), 1],
    ["rolled back long ago", at("rollback_completed", "T1"), at("rollback_completed", "T1"), 0],
    ["paused is the watch's business", at("completed", "T1"), at("paused", "T2"), 0],
  ])("%s", (_, before, now, count) => expect(rolledBack(before, now)).toHaveLength(count));
});

describe("what a front page loads", () => {
  const page = "https://app.ci.test/wp-admin/install.php";
  test.each([
    ["absolute on its own domain", `<link rel='stylesheet' id='a' href='https://app.ci.test/a.css?ver=1&#038;x=2' /><script src="/b.js"></script>`, "https://app.ci.test/a.css?ver=1&x=2", "https://app.ci.test/b.js"],
    ["relative to the page", `<LINK href=css/a.css rel=stylesheet><script async src=b.js></script>`, "https://app.ci.test/wp-admin/css/a.css", "https://app.ci.test/wp-admin/b.js"],
    ["relative to a base", `<base href="/x/"><link rel="preload stylesheet" href="a.css">`, "https://app.ci.test/x/a.css", null],
    ["only from elsewhere", `<link rel=stylesheet href="https://cdn.example.com/a.css"><script src="//cdn.example.com/b.js"></script>`, null, null],
    ["elsewhere first", `<script src="https://cdn.example.com/b.js"></script><script src="c.js"></script>`, null, "https://app.ci.test/wp-admin/c.js"],
    ["inline, commented out, alternate, icons", `<!-- <script src="/no.js"></script> --><script>1</script><link rel="icon" href="/i.png"><link rel="alternate stylesheet" href="/n.css">`, null, null],
    ["data addresses", `<link rel="stylesheet" href="data:text/css,a{}">`, null, null],
    ["no page at all", `{"ok":true}`, null, null],
  ])("%s", (_, html, stylesheet, script) => expect(firstAssets(html, page)).toEqual({ stylesheet, script }));
});

test.each([
  [404, "404 page not found\n", true],
  [404, "<h1>Not found</h1>", false],
  [502, "Bad Gateway", true],
  [503, "no available server", true],
  [200, "404 page not found", false],
])("%d %j is Traefik's own: %s", (status, body, own) => expect(isTraefiksOwn(status, body)).toBe(own));
