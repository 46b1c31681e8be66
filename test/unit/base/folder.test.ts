import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFolder } from "../../../harness/base/folder.ts";

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "recipe-ci-folder-"))));
afterEach(() => rmSync(dir, { recursive: true }));

describe("makeFolder", () => {
  it("makes what is missing above, and says where it began", async () => {
    expect(await makeFolder(join(dir, "a/b/c"))).toBe(join(dir, "a"));
    expect(existsSync(join(dir, "a/b/c"))).toBe(true);
    expect(await makeFolder(join(dir, "a/b/d"))).toBe(join(dir, "a/b/d"));
    expect(await makeFolder(join(dir, "a/b"))).toBeNull();
  });

  it("says what the file system says, and comes to an end where nothing can be made", async () => {
    writeFileSync(join(dir, "file"), "");
    await expect(makeFolder(join(dir, "file/out"))).rejects.toMatchObject({ code: "ENOTDIR" });
    if (process.platform === "linux") await expect(makeFolder("/proc/recipe-ci/out")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
