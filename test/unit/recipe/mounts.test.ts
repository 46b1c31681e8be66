import { expect, test } from "vitest";
import { backupPlan } from "../../../harness/recipe/backup.ts";
import { mountBehind } from "../../../harness/recipe/mounts.ts";
import { appOf } from "./compose.ts";

const mounts = [{ path: "/data", volume: "data" }, { path: "/data/media", volume: "media" }];

test.each([
  ["/data", "data", "."],
  ["/data/a/b", "data", "a/b"],
  ["/data/media", "media", "."],
  ["/data/media/x", "media", "x"],
  ["/data/mediathek", "data", "mediathek"],
  ["/data/..hidden", "data", "..hidden"],
  ["/data/...", "data", "..."],
])("%s lies in %s, at %s", (path, volume, inner) => {
  expect(mountBehind(mounts, path)).toEqual({ mount: expect.objectContaining({ volume }), inner });
  expect(mountBehind(mounts.toReversed(), path), "in whatever order").toMatchObject({ inner });
});

test.each(["/", "/database", "/other/data", "/data/../etc"])("%s lies in none", (path) => expect(mountBehind(mounts, path)).toBeNull());

test("everything lies in what is mounted at the root", () => expect(mountBehind([{ path: "/" }], "/etc/app")).toMatchObject({ inner: "etc/app" }));

test("a folder whose name begins with two dots is in its volume, and allowed as a path of one", () => {
  const on = { "backupbot.backup": "true" };
  const volumes = [{ key: "data", name: "s_data", external: false }];
  const byContainer = backupPlan(appOf({ app: { labels: { ...on, "backupbot.backup.path": "/data/..kept" }, mounts: { "/data": "data" } } }, { volumes }));
  expect(byContainer.volumes.map(({ key, paths }) => ({ key, paths }))).toEqual([{ key: "data", paths: ["..kept"] }]);
  expect(byContainer.containerPaths).toEqual([]);
  const byVolume = backupPlan(appOf({ app: { labels: { ...on, "backupbot.backup.volumes.data.path": "..kept" }, mounts: { "/data": "data" } } }, { volumes }));
  expect(byVolume.findings).toEqual([]);
});
