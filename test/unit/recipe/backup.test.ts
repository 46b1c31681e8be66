import { expect, test } from "vitest";
import { backupPlan } from "../../../harness/recipe/backup.ts";
import type { ComposeService } from "../../../harness/recipe/types.ts";
import { appOf } from "./compose.ts";

const volumes = ["data", "db", "media"].map((key) => ({ key, name: `stack_${key}`, external: false }));
const on = { "backupbot.backup": "true" };
const planOf = (services: Record<string, Partial<ComposeService>>) => backupPlan(appOf(services, { volumes }));
const rules = (services: Record<string, Partial<ComposeService>>) => planOf(services).findings.map(({ rule }) => rule);

test("without labels nothing is backed up", () => {
  const plan = planOf({ app: { mounts: { "/data": "data" } } });
  expect(plan.enabled).toBe(false);
  expect(plan.findings).toEqual([]);
});

test("one marked service: every volume of the stack is taken whole, also another service's", () => {
  const plan = planOf({ app: { labels: on, mounts: { "/data": "data" } }, db: { mounts: { "/var/lib/db": "db" } } });
  expect(plan.enabled).toBe(true);
  expect(plan.volumes).toEqual([
    { key: "data", name: "stack_data", shared: false, mounts: [{ service: "app", path: "/data" }], paths: null },
    { key: "db", name: "stack_db", shared: false, mounts: [{ service: "db", path: "/var/lib/db" }], paths: null },
  ]);
  expect(plan.findings).toEqual([]);
});

test("a volume can be left out", () => {
  const plan = planOf({ app: { labels: { ...on, "backupbot.backup.volumes.media": "false" }, mounts: { "/data": "data", "/media": "media" } } });
  expect(plan.volumes.map(({ key }) => key)).toEqual(["data"]);
  expect(plan.left).toEqual(["media"]);
});

test("a volume can be restricted to paths, also by a service that is not the marked one", () => {
  const plan = planOf({
    app: { labels: on, mounts: { "/data": "data" } },
    db: { labels: { "backupbot.backup.volumes.db.path": "backup.sql, conf/" }, mounts: { "/var/lib/db": "db" } },
  });
  expect(plan.volumes.map(({ key, paths }) => [key, paths])).toEqual([["data", null], ["db", ["backup.sql", "conf"]]]);
});

test("hooks stand with their service", () => {
  const labels = { ...on, "backupbot.backup.pre-hook": "/dump.sh backup", "backupbot.restore.post-hook": "/dump.sh restore" };
  expect(planOf({ app: {}, db: { labels } }).hooks).toEqual([
    { service: "db", backupPre: "/dump.sh backup", backupPost: null, restorePre: null, restorePost: "/dump.sh restore" },
  ]);
});

test("version 1: paths of the container, in a volume or not; its other volumes are left", () => {
  const plan = planOf({
    app: { labels: { ...on, "backupbot.backup.path": "/data/files,/etc/app" }, mounts: { "/data": "data", "/media": "media" } },
  });
  expect(plan.volumes.map(({ key, paths }) => [key, paths])).toEqual([["data", ["files"]]]);
  expect(plan.containerPaths).toEqual([{ service: "app", path: "/etc/app" }]);
  expect(plan.left).toEqual(["media"]);
});

test("version 1: the volume's root is the whole volume, and the innermost mount counts", () => {
  const plan = planOf({ app: { labels: { ...on, "backupbot.backup.path": "/data/media/" }, mounts: { "/data": "data", "/data/media": "media" } } });
  expect(plan.volumes.map(({ key, paths }) => [key, paths])).toEqual([["media", null]]);
});

test("switched off by a setting is no contradiction", () => {
  const plan = planOf({ app: { labels: { "backupbot.backup": "false", "backupbot.backup.volumes.data.path": "x" }, mounts: { "/data": "data" } } });
  expect([plan.enabled, plan.findings]).toEqual([false, []]);
});

const mounts = { "/data": "data" };
test.each<[string, Record<string, Partial<ComposeService>>, string[]]>([
  ["two marked services", { app: { labels: on }, db: { labels: on } }, ["backup-on-several-services"]],
  ["labels and nobody marked", { app: { labels: { "backupbot.backup.pre-hook": "x", "backupbot.restore.post-hook": "y" } } }, ["backup-not-enabled"]],
  ["a volume that nobody mounts", { app: { labels: { ...on, "backupbot.backup.volumes.dta.path": "x" }, mounts } }, ["backup-unknown-volume"]],
  ["left out and restricted", { app: { labels: { ...on, "backupbot.backup.volumes.data": "false", "backupbot.backup.volumes.data.path": "x" }, mounts } }, ["backup-contradiction"]],
  ["a path out of the volume", { app: { labels: { ...on, "backupbot.backup.volumes.data.path": "../x" }, mounts } }, ["backup-bad-path"]],
  ["an absolute path", { app: { labels: { ...on, "backupbot.backup.volumes.data.path": "/data/x" }, mounts } }, ["backup-bad-path"]],
  ["no path at all", { app: { labels: { ...on, "backupbot.backup.volumes.data.path": " " }, mounts } }, ["backup-bad-path"]],
  ["both versions at once", { app: { labels: { ...on, "backupbot.backup.path": "/data", "backupbot.backup.volumes.data.path": "x" }, mounts } }, ["backup-mixed-syntax"]],
  ["version 1 outside of any volume", { app: { labels: { ...on, "backupbot.backup.path": "/etc" } } }, ["backup-outside-volume"]],
  ["a label that no bot reads", { app: { labels: { ...on, "backupbot.backup.prehook": "x" } } }, ["backup-unknown-label"]],
  ["neither true nor false", { app: { labels: { ...on, "backupbot.backup.volumes.data": "maybe" }, mounts } }, ["backup-bad-value"]],
  ["a dump that nobody reads back", { app: { labels: { ...on, "backupbot.backup.pre-hook": "x" } } }, ["backup-without-restore-hook"]],
])("a finding: %s", (_, services, expected) => {
  expect(rules(services)).toEqual(expected);
});
