import type { Results } from "../../../reports/results.ts";

const at = "2026-01-02T03:04:05.000Z";

const failure = (excusedBy: string | null) => ({ service: "app", slot: "1", task: "t", at, exitCode: 1, error: null, excusedBy, log: [] });

/** A build that went well, with something in every section. */
export const passed: Results = {
  schema: 1,
  run: { id: "r-4f2a", startedAt: at, finishedAt: at, durationMs: 42_100, lane: "default", trigger: "cli", harness: { version: "0.1.0", commit: null, dirty: false } },
  recipe: {
    name: "wordpress",
    variant: null,
    ref: null,
    commit: "1a2b3c4d5e6f",
    dirty: true,
    version: "1.2.0+6.1.1",
    base: { version: "1.1.0+6.0.0", commit: "aaaa" },
    operatorMustAdd: { env: ["UPLOAD_MAX"], secrets: ["salt"] },
  },
  target: {
    swarm: "ephemeral",
    nodes: 1,
    engine: "20.10.24",
    edge: "traefik 3.7",
    privileges: "reduced",
    ipvs: false,
    overlay: "endpoint_mode dnsrr",
    abra: { version: "0.13.0-beta", standIn: true, unconfirmed: [] },
    images: [
      { ref: "wordpress:6.1.1", digest: "sha256:00", bytes: 220_400_000, pullMs: 3_210, source: "cache" },
      { ref: "mariadb:10.11", digest: null, bytes: null, pullMs: 12, source: "node" },
    ],
  },
  verdict: "passed",
  reason: null,
  level: 3,
  rungs: { install: "pass", upgrade: "pass", backup_restore: "skip", functional: "unverified", lint: "pass" },
  phases: [
    { name: "prepull", startedAt: at, durationMs: 4_000, status: "passed", spans: [{ name: "test runner", startedAt: at, durationMs: 198 }] },
    { name: "install", startedAt: at, durationMs: 38_100, status: "passed", spans: [] },
  ],
  tiers: [
    { name: "install", status: "passed", reason: null, tests: [{ name: "answers", status: "passed", durationMs: 12, error: null }] },
    { name: "backup", status: "skipped", reason: "no backup labels", tests: [] },
    { name: "extra", status: "passed", reason: "without load (no visitor reaches it)", tests: [{ name: "kill: app is back within its budget", status: "passed", durationMs: 4, error: null }], notes: ["kill: app was back after 7.0 s"] },
  ],
  warnings: ["R014: no invalid lightweight tags"],
  watch: { restarts: { app: 3, db: 0 }, failures: [failure("db"), failure("db"), failure("declared: app was killed"), failure(null)], decidedMs: 9_000 },
  teardown: { status: "clean", residue: [], durationMs: 6_000 },
  artifacts: [],
};

export const crashLoop: Results = {
  ...passed,
  recipe: { ...passed.recipe, dirty: false, base: null, operatorMustAdd: { env: [], secrets: [] } },
  verdict: "failed",
  reason: {
    class: "crash-loop",
    service: "db",
    summary: "exits with 1, four times within 23 s",
    evidence: ["task 8fk2 slot 1: exit code 1", "log: FATAL no space for a configuration that is longer than this line may be in a narrow window"],
    hint: "read the log of db: recipe-ci run … --keep",
  },
  level: 0,
  rungs: { install: "fail", upgrade: "unverified", backup_restore: "unverified", functional: "unverified", lint: "pass" },
  phases: [{ name: "install", startedAt: at, durationMs: 23_000, status: "failed", spans: [] }],
  tiers: [
    {
      name: "install",
      status: "failed",
      reason: null,
      tests: [
        { name: "answers", status: "passed", durationMs: 1, error: null },
        { name: "shows a page", status: "failed", durationMs: 1, error: "expected 200\ngot 502" },
      ],
    },
  ],
  warnings: [],
  teardown: {
    status: "leaked",
    residue: [{ kind: "volume", id: "v1", name: "wordpress_ci_data", remove: "docker volume rm wordpress_ci_data" }],
    durationMs: 10,
  },
};

export const infra: Results = {
  ...passed,
  recipe: { ...passed.recipe, commit: null, version: null, base: null },
  target: null,
  verdict: "infra",
  reason: { class: "daemon", service: null, summary: "no Docker engine answers", evidence: [], hint: "recipe-ci doctor --fix" },
  level: 0,
  phases: [],
  tiers: [],
  watch: { restarts: {}, failures: [], decidedMs: null },
};

export const interrupted: Results = {
  ...passed,
  verdict: "interrupted",
  reason: { class: "interrupted", service: null, summary: "interrupted by SIGTERM", evidence: [], hint: "run it again" },
  phases: [{ name: "install", startedAt: at, durationMs: 100, status: "interrupted", spans: [] }],
};
