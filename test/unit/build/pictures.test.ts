import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Build } from "../../../harness/build/context.ts";
import { pictureName, savePicture } from "../../../harness/build/tier/pictures.ts";
import { request } from "./request.ts";

const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);

let dir: string;
let build: Build;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "recipe-ci-pictures-"));
  build = new Build({ ...request, out: dir }, () => {}, new AbortController().signal, "unit-pictures");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a picture is an artifact of its tier; two of one name are two, also at once", async () => {
  const paths = await Promise.all([savePicture(build, "custom", "The post", png), savePicture(build, "custom", "The post", png)]);
  expect(paths).toEqual(["screenshots/custom/the-post.png", "screenshots/custom/the-post-2.png"]);
  expect(build.findings.artifacts).toEqual(paths.map((path) => ({ kind: "screenshot", path })));
  for (const path of paths) expect(readFileSync(join(dir, path))).toEqual(png);
});

test("one that can't be written is told to the test, and is no artifact", async () => {
  writeFileSync(join(dir, "screenshots"), "in the way");
  await expect(savePicture(build, "custom", "page", png)).rejects.toThrow(/EEXIST|ENOTDIR/);
  expect(build.findings.artifacts).toEqual([]);
});

test("incident 39: its name shows no secret", async () => {
  build.mask.add("hunter2-of-the-app");
  expect(await savePicture(build, "custom", "user hunter2-of-the-app", png)).toBe("screenshots/custom/user.png");
});

test("what is no picture, and the picture that is too many, are refused", async () => {
  await expect(savePicture(build, "custom", "page", Buffer.from("<html>"))).rejects.toThrow("page is no PNG");
  for (let number = 0; number < 100; number += 1) build.findings.artifacts.push({ kind: "screenshot", path: `${number}` });
  await expect(savePicture(build, "custom", "page", png)).rejects.toThrow("over 100 pictures");
});

test.each([
  ["../../etc/passwd", "screenshots/extra/etc-passwd.png"],
  ["Größe > 3", "screenshots/extra/gr-e-3.png"],
  ["…", "screenshots/extra/picture.png"],
  ["x".repeat(300), `screenshots/extra/${"x".repeat(80)}.png`],
])("%s is a name that every file system takes", (name, path) => {
  expect(pictureName("extra", name, new Set())).toBe(path);
});
