import { describe, expect, it } from "vitest";
import { contentTrick, entriesIn, type Entry, openedOf, treeTricks, trickReason } from "../../../../harness/recipe/trust/tricks.ts";

const file = (path: string, more: Partial<Entry> = {}): Entry => ({ mode: "100644", object: "0", size: 10, path, ...more });
const said = (...entries: Entry[]) => treeTricks(entries).map(({ path, text }) => `${path} ${text}`);
const link = (path: string, target: string) => contentTrick(file(path, { mode: "120000" }), target);
const attributes = (content: string) => contentTrick(file("x/.gitattributes"), content);

describe("names and sizes", () => {
  it.each([
    [file("a\nb"), "a\nb has a name with control characters in it", file("a b")],
    [file("x/\u001b[2J"), "x/\u001b[2J has a name with control characters in it", file("x/[2J")],
    [file("txt.\u202esh"), "txt.\u202esh has a name with control characters in it", file("txt.sh")],
    [file("../x"), "../x is a path that leads elsewhere", file("..x")],
    [file("a/.GIT/config"), "a/.GIT/config is a path that leads elsewhere", file("a/.gitignore")],
    [file("lib", { mode: "160000", size: null }), "lib is a submodule: another repo, that nobody fetches", file("lib")],
    [file("compose.recipe-ci.yml"), "compose.recipe-ci.yml has the name of a file that recipe-ci writes there itself", file("compose.recipe.yml")],
    [file("x/compose.recipe-ci.limits.yml"), "x/compose.recipe-ci.limits.yml has the name of a file that recipe-ci writes there itself", file(".recipe-ci/recipe.json")],
    [file("big", { size: 21 * 1024 ** 2 }), "big is 21 MB long, more than 20 MB", file("big", { size: 20 * 1024 ** 2 })],
  ])("%j", (refused, text, fine) => {
    expect(said(refused)).toEqual([text]);
    expect(said(fine)).toEqual([]);
  });

  it("all of it together", () => {
    const many = (count: number, more: Partial<Entry> = {}) => Array.from({ length: count }, (_, index) => file(`f${index}`, more));
    expect(said(...many(10_001))).toEqual([". has more than 10000 files"]);
    expect(said(...many(6, { size: 20 * 1024 ** 2 }))).toEqual([". is 120 MB long, more than 100 MB"]);
    expect(said(...many(201, { mode: "120000" }))).toEqual([". has more than 200 links and .gitattributes"]);
    expect(said(...many(200, { mode: "120000" }))).toEqual([]);
  });

  it("of another reader's list: modes, objects, sizes, names", () => {
    expect(entriesIn("100644 blob 12ab     7\tcompose.yml\x00160000 commit 34cd       -\tlib\x00120000 blob 56ef       3\ta b\tc\x00")).toEqual([
      { mode: "100644", object: "12ab", size: 7, path: "compose.yml" },
      { mode: "160000", object: "34cd", size: null, path: "lib" },
      { mode: "120000", object: "56ef", size: 3, path: "a b\tc" },
    ]);
  });
});

describe("links", () => {
  it.each([
    ["a", "/etc/passwd", "etc/passwd"],
    ["a", "../x", "x"],
    ["x/a", "../../y", "../y"],
    ["a", "..", "."],
    // x/y may itself be a link to a folder above, whose .. is outside.
    ["a", "x/y/..", "x"],
    ["a", ".git/config", ".gitignore"],
    ["x/a", "../.git", "../.github"],
    ["a", "b\0c", "b"],
  ])("%s -> %j, and %j", (path, out, inside) => {
    expect(link(path, out)?.text).toMatch(/^is a link to .* outside of the recipe$/);
    expect(link(path, inside)).toBeNull();
  });
});

describe("attributes", () => {
  it.each(["*.bin filter=lfs diff=lfs merge=lfs -text", "[attr]binary2 filter=x", "a.txt\tfilter", "x filter=evil"])("%s names a program", (line) => {
    expect(attributes(`# x\n${line}\n`)?.text).toMatch(/^names a program that git would run over files/);
  });

  it.each(["*.sh text eol=lf", "# *.bin filter=lfs", "  # a filter for words", "*.txt -filter", "filter.txt text", "*.bin !filter"])("%s names none", (line) => {
    expect(attributes(`${line}\n`)).toBeNull();
  });

  it("are opened wherever they stand, as links are", () => {
    expect(openedOf([file("a"), file("x/.gitattributes"), file(".GITATTRIBUTES"), file("l", { mode: "120000" })]).map(({ path }) => path)).toEqual(["x/.gitattributes", ".GITATTRIBUTES", "l"]);
  });
});

it("is the recipe's fault, on one line, with what to do", () => {
  expect(trickReason(treeTricks([file("a\nb"), file("c", { mode: "160000", size: null })]))).toEqual({
    class: "unsafe-files",
    service: null,
    summary: "a?b has a name with control characters in it",
    evidence: ["a?b has a name with control characters in it; rename it", "c is a submodule: another repo, that nobody fetches; commit its files in its place, or take it out"],
    hint: "rename it",
  });
  expect(trickReason([])).toBeNull();
});
