import { describe, expect, it } from "vitest";
import { baseNamed, newestFirst, olderVersions, parseVersion } from "../../../harness/recipe/versions.ts";

describe("parseVersion", () => {
  it.each([
    ["1.2.0+6.1.1", { recipe: "1.2.0", upstream: "6.1.1" }],
    ["2.0.1+1.0.6-social-amd64", { recipe: "2.0.1", upstream: "1.0.6-social-amd64" }],
    ["1.0.0-rc.1+v2", { recipe: "1.0.0-rc.1", upstream: "v2" }],
  ])("%s is a recipe version", (tag, version) => expect(parseVersion(tag)).toEqual(version));

  it.each(["1.2.0", "v1.2.0+1", "latest", "1.2+3", "+1", "1.2.0+", "1.2.0+a b", ""])("%j is none", (tag) => expect(parseVersion(tag)).toBeNull());
});

describe("newestFirst", () => {
  it("orders by the recipe's semver, then by upstream in natural order, and drops the rest", () => {
    const tags = ["1.9.0+2.0", "1.10.0+1.0", "1.10.0+1.9", "1.10.0+1.10", "2.0.0-rc.1+1", "2.0.0+1", "backup", "1.10.0+1.9.1"];
    const ordered = newestFirst(tags.map((tag) => ({ tag, commit: tag }))).map(({ tag }) => tag);
    expect(ordered).toEqual(["2.0.0+1", "2.0.0-rc.1+1", "1.10.0+1.10", "1.10.0+1.9.1", "1.10.0+1.9", "1.10.0+1.0", "1.9.0+2.0"]);
  });

  it("orders numbers that are longer than a number can be", () => {
    const [small, large] = [`1.0.0+1${"0".repeat(400)}`, `1.0.0+2${"0".repeat(400)}`];
    expect(newestFirst([small, large].map((tag) => ({ tag, commit: tag }))).map(({ tag }) => tag)).toEqual([large, small]);
  });
});

describe("incident 8: what is upgraded from is never head itself; olderVersions", () => {
  const versions = [{ tag: "2.0.0+1", commit: "b" }, { tag: "1.0.0+1", commit: "a" }];
  const tags = (of: typeof versions, head: string, before: string[] = []) => olderVersions(of, head, before).map(({ tag }) => tag);

  it("are all where head is untagged, even with the same label", () => expect(tags(versions, "c")).toEqual(["2.0.0+1", "1.0.0+1"]));
  it("are those before where head is the newest", () => expect(tags(versions, "b")).toEqual(["1.0.0+1"]));
  it("are none where head is the only version", () => expect(tags(versions.slice(1), "a")).toEqual([]));
  it("are those that head descends from, where any are known", () => {
    expect(tags(versions, "c", ["1.0.0+1"])).toEqual(["1.0.0+1"]);
    expect(tags(versions, "a", ["1.0.0+1"])).toEqual([]);
  });
  it("name a commit once", () => expect(tags([{ tag: "3.0.0+1", commit: "b" }, ...versions], "c")).toEqual(["3.0.0+1", "1.0.0+1"]));
  it("may be named, and is refused where it is unknown or head itself", () => {
    expect(baseNamed(versions, "b", "1.0.0+1").commit).toBe("a");
    expect(() => baseNamed(versions, "b", "9.0.0+1")).toThrow("--base 9.0.0+1: is no annotated version tag of the recipe; give one of: 1.0.0+1");
    expect(() => baseNamed(versions, "b", "2.0.0+1")).toThrow("is the commit under test");
  });
  it("skips every tag on head's commit", () => expect(tags([{ tag: "3.0.0+1", commit: "b" }, ...versions], "b")).toEqual(["1.0.0+1"]));
});
