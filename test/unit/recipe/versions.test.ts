import { describe, expect, it } from "vitest";
import { baseNamed, baseOf, newestFirst, parseVersion } from "../../../harness/recipe/versions.ts";

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
});

describe("incident 8: the base is never head itself; baseOf", () => {
  const versions = [{ tag: "2.0.0+1", commit: "b" }, { tag: "1.0.0+1", commit: "a" }];

  it("is the newest version where head is untagged, even with the same label", () => expect(baseOf(versions, "c")?.tag).toBe("2.0.0+1"));
  it("is the one before where head is the newest", () => expect(baseOf(versions, "b")?.tag).toBe("1.0.0+1"));
  it("is nothing where head is the only version", () => expect(baseOf(versions.slice(1), "a")).toBeNull());
  it("may be named, and is refused where it is unknown or head itself", () => {
    expect(baseNamed(versions, "b", "1.0.0+1").commit).toBe("a");
    expect(() => baseNamed(versions, "b", "9.0.0+1")).toThrow("--base 9.0.0+1: is no annotated version tag of the recipe; give one of: 1.0.0+1");
    expect(() => baseNamed(versions, "b", "2.0.0+1")).toThrow("is the commit under test");
  });
  it("skips every tag on head's commit", () => expect(baseOf([{ tag: "3.0.0+1", commit: "b" }, ...versions], "b")?.tag).toBe("1.0.0+1"));
});
