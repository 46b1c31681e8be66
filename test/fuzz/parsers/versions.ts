import assert from "node:assert/strict";
import { array, constantFrom, oneof, record, string, tuple } from "fast-check";
import { tagNotices, tagsOf } from "../../../harness/recipe/refs.ts";
import { baseNamed, compareVersions, newestFirst, olderVersions, parseVersion } from "../../../harness/recipe/versions.ts";
import { parseReference } from "../../../harness/swarm/images/reference.ts";
import { cases, much, orRefused, type Parser } from "../parser.ts";
import { names, pieced } from "../texts.ts";

const digits = string({ unit: constantFrom("0", "1", "2", "9"), minLength: 1, maxLength: 30 }).chain((some) => constantFrom(some, some.padEnd(400, "0")));
const upstream = pieced(["1", "10", "9", ".", "-", "_", "~", "+", "v", "rc", "alpine", "99999999999999999999"], 8);
const tag = oneof(
  { weight: 4, arbitrary: tuple(constantFrom("0.1.0", "1.0.0", "1.10.0", "1.9.0", "1.0.0-rc.1", "01.0.0", "1.0"), oneof(upstream, digits)).map((parts) => parts.join("+")) },
  { weight: 1, arbitrary: pieced(["1", ".", "+", "v", "-", "0"], 10) },
  { weight: 1, arbitrary: names },
);

export const versions: Parser = {
  name: "versions",
  cases: cases(record({ tags: array(tag, { maxLength: 12 }), one: tag }), ({ tags, one }) => {
    const parsed = tags.flatMap((each) => parseVersion(each) ?? []);
    for (const a of parsed) {
      assert.equal(compareVersions(a, a), 0);
      for (const b of parsed) {
        assert.equal(Math.sign(compareVersions(a, b)), 0 - Math.sign(compareVersions(b, a)), `${a.upstream} and ${b.upstream}`);
        for (const c of parsed) if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0, `${a.upstream}, ${b.upstream}, ${c.upstream}`);
      }
    }
    const sorted = newestFirst(tags.map((each, index) => ({ tag: each, commit: `${index % 3}` })));
    assert.equal(sorted.length, parsed.length);
    assert.ok(olderVersions(sorted, "0", [one]).every(({ commit }) => commit !== "0"));
    orRefused(() => baseNamed(sorted, "0", one));
    const read = tagsOf(tags.map((each, index) => ({ ref: `refs/tags/${each}`, commit: `${index}`, annotated: index % 2 === 0 })));
    assert.equal(read.versions.length + read.lightweight.length + read.other.length, tags.length);
    orRefused(() => tagNotices(read, "recipe"));
  }),
  long: {
    digits: () => void parseVersion(`1.0.0+${much("9", 1_000_000)}`),
    "many parts": () => void compareVersions({ recipe: "1.0.0", upstream: much("1.a") }, { recipe: "1.0.0", upstream: `${much("1.a")}b` }),
    "a long recipe part": () => void parseVersion(`1.0.0-${much("a.", 1_000_000)}+1`),
    "many tags": () => void tagsOf(Array.from({ length: 5_000 }, (_, i) => ({ ref: `refs/tags/1.${i}.0+${i}`, commit: `${i}`, annotated: true }))),
  },
};

export const references: Parser = {
  name: "image references",
  cases: cases(pieced(["nginx", "/", ":", "@", "1.27", "sha256:", "a".repeat(64), "localhost", ":5000", "quay.io", ".", "-", "_", "__", "[::1]", "library/", "X"], 8), (text) => {
    const read = orRefused(() => parseReference(text));
    if (read) assert.deepEqual(parseReference(`${read.domain}/${read.repository}${read.tag === null ? "" : `:${read.tag}`}${read.digest === null ? "" : `@${read.digest}`}`), read);
  }),
  long: {
    "a domain of dashes": () => void orRefused(() => parseReference(`a${much("a-")}./x`)),
    "a domain of dots": () => void orRefused(() => parseReference(`${much("a.")}!/x`)),
    "a name of dashes": () => void orRefused(() => parseReference(`a${much("-")}!`)),
    "a name of parts": () => void orRefused(() => parseReference(`${much("a/")}!`)),
    "a name of underscores": () => void orRefused(() => parseReference(`${much("a__a_")}!`)),
    "a tag": () => void orRefused(() => parseReference(`a:${much("a")}`)),
  },
};
