import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Build } from "../../../harness/build/context.ts";
import { report, resultsOf } from "../../../harness/build/phases/report.ts";
import { scanArtifacts } from "../../../harness/build/secretScan.ts";
import { resultsSchema } from "../../../reports/results.ts";
import { request } from "./request.ts";

const secret = "hunter2-of-the-app";
const base64 = Buffer.from(`admin:${secret}`).toString("base64");

let out: string;
let build: Build;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "recipe-ci-scan-"));
  build = new Build({ ...request, out }, () => {}, new AbortController().signal, "unit-scan");
  build.mask.add(secret);
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

function wrote(path: string, content: string | Buffer, kind: string | null = null): string {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), content);
  if (kind !== null) build.findings.artifacts.push({ kind, path });
  return path;
}

const harness = { version: "0.1.0", commit: null, dirty: false };

describe("incident 39: a secret in an artifact", () => {
  test.each<[string, string | Buffer, string]>([
    ["plain", `one\ntwo\nthree ${secret}\n`, "line 3"],
    ["in base64", `Authorization: Basic ${base64}`, "line 1"],
    ["in a URL", `GET /?p=${encodeURIComponent(`${secret}/`)}`, "line 1"],
    ["torn apart by a line's end", "one\nis hunter2-of-\nthe-app\n", "line 2"],
    ["packed", gzipSync(`one\n${secret}\n`), "line 2"],
    ["at the seam of two pieces", `${"x".repeat(99)}\n`.repeat(21_000) + "x".repeat(5_000) + secret, "line 21001"],
    ["far behind", `${`${"x".repeat(99)}\n`.repeat(60_000)}${secret}`, "line 60001"],
  ])("%s: it is deleted, listed as withheld, and the place is named", async (_, content, where) => {
    const path = wrote("logs/head/app.log", content, "log");
    wrote("logs/head/db.log", "nothing here", "log");
    expect(await scanArtifacts(build)).toMatchObject({ class: "secret-leak", summary: `logs/head/app.log: a secret in ${where}; withheld`, evidence: [`logs/head/app.log: a secret in ${where}`] });
    expect(existsSync(join(out, path))).toBe(false);
    expect(build.findings.artifacts).toEqual([{ kind: "log", path: "logs/head/db.log" }, { kind: "log", path, withheld: `a secret in ${where}` }]);
  });

  test("in the name of a picture that was taken before the secret was told, which keeps only letters and digits of it", async () => {
    build.mask.add("Pass/Word of a user");
    wrote("screenshots/custom/pass-word-of-a-user-2.png", "", "screenshot");
    expect(await scanArtifacts(build)).toMatchObject({ summary: "screenshots/custom/•••: a secret in its name; withheld" });
    expect(build.findings.artifacts).toEqual([{ kind: "screenshot", path: "screenshots/custom/•••", withheld: "a secret in its name" }]);
    expect(existsSync(join(out, "screenshots/custom/pass-word-of-a-user-2.png"))).toBe(false);
  });

  test("in a folder's name: all in it goes, listed or not", async () => {
    wrote(`${secret}/one.txt`, "fine", "log");
    wrote(`${secret}/two.txt`, "fine");
    expect(await scanArtifacts(build)).toMatchObject({ evidence: ["•••: a secret in its name"] });
    expect(existsSync(join(out, secret))).toBe(false);
    expect(build.findings.artifacts).toEqual([{ kind: "log", path: "•••", withheld: "a secret in its name" }]);
  });

  test("in a file that nobody listed, which CI would keep all the same, and in what a link says", async () => {
    wrote("from-a-test.txt", secret);
    symlinkSync(`/nowhere/${secret}`, join(out, "link"));
    expect(await scanArtifacts(build)).toMatchObject({ summary: "from-a-test.txt: a secret in line 1; withheld, and 1 more" });
    expect(build.findings.artifacts.map(({ withheld }) => withheld)).toEqual(["a secret in line 1", "a secret in what it points to"]);
    expect(existsSync(join(out, "from-a-test.txt"))).toBe(false);
  });

  test("what an earlier run left is nobody's business, what was added to it is", async () => {
    const later = () => new Build({ ...request, out }, () => {}, new AbortController().signal, "unit-later");
    wrote("earlier.txt", secret);
    wrote("grown.txt", "fine\n");
    build = later();
    build.mask.add(secret);
    // The clock of a file can't be moved: as if the run had begun an hour from now.
    Object.defineProperty(build.timeline, "startedAt", { value: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await scanArtifacts(build)).toBeNull();
    build.findings.artifacts.push({ kind: "log", path: "grown.txt" });
    appendFileSync(join(out, "grown.txt"), secret);
    expect(await scanArtifacts(build)).toMatchObject({ summary: "grown.txt: a secret in line 2; withheld" });
    expect(existsSync(join(out, "earlier.txt"))).toBe(true);
  });

  test("what can't be looked through proves nothing", async () => {
    wrote("broken.gz", Buffer.from([0x1f, 0x8b, 1, 2, 3]), "log");
    expect(await scanArtifacts(build)).toMatchObject({ summary: "broken.gz: it could not be looked through for secrets; withheld" });
  });

  test("pictures are not read, pipes are not waited for, and no folder is no leak", async () => {
    wrote("screenshots/custom/page.png", Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.from(secret)]), "screenshot");
    execFileSync("mkfifo", [join(out, "pipe")]);
    expect(await scanArtifacts(build)).toBeNull();
    expect(build.findings.artifacts).toHaveLength(1);
    rmSync(out, { recursive: true });
    expect(await scanArtifacts(build)).toBeNull();
    expect(build.findings.warnings).toEqual([]);
  });
});

describe("results", () => {
  const end = async () => {
    const facts = await build.closing("report", () => report(build));
    return resultsOf(build, facts);
  };

  test("incident 39: say that an artifact was withheld, in every verdict", async () => {
    wrote("notes.txt", `the password is ${secret}\n`);
    build.findings.ending = { kind: "interrupted", signal: "SIGINT", message: "interrupted by SIGINT" };
    const results = await end();
    expect(results).toMatchObject({ verdict: "interrupted", warnings: ["secret-leak: notes.txt: a secret in line 1; withheld"], artifacts: [{ path: "notes.txt", withheld: "a secret in line 1" }] });
    build.findings.ending = null;
    expect(resultsOf(build, harness)).toMatchObject({ verdict: "unverified", reason: { class: "secret-leak" }, warnings: [] });
  });

  test("incident 39: show no secret of a task's error, an event's text or a table of abra", async () => {
    build.findings.ending = { kind: "finding", blame: "recipe", reason: { class: "crash-loop", service: "app", summary: `task: starting --password=${secret}`, evidence: ["│ admin │ hunter2-of │", "│       │ -the-app   │"], hint: "x" } };
    const text = JSON.stringify(await end());
    expect(text).toContain("starting --password=•••");
    expect(text).not.toMatch(/hunter2|-the-app/);
  });

  test("where a name shows a secret, most of them is left out", async () => {
    build.findings.watch.restarts = { [secret]: 3 };
    const results = await end();
    expect(results).toMatchObject({ verdict: "unverified", reason: { class: "secret-leak" }, watch: { restarts: {} } });
    expect(JSON.stringify(results)).not.toContain(secret);
    expect(resultsSchema.safeParse(results).success).toBe(true);
  });

  test("can be written whatever a test calls secret", async () => {
    for (const word of ["install", "unverified", "summary", "durationMs", "schema", "warning"]) build.mask.add(word);
    build.findings.tiers.push({ name: "install", status: "passed", reason: null, tests: [] });
    expect(resultsSchema.safeParse(await end()).success).toBe(true);
  });
});

test("the log of the build is read too, and what was told late is found in it", async () => {
  wrote("build.log", `{"line":"the token is late-token-1234"}\n`, "build-log");
  build.mask.add("late-token-1234");
  expect(await scanArtifacts(build)).toMatchObject({ summary: "build.log: a secret in line 1; withheld" });
  expect(existsSync(join(out, "build.log"))).toBe(false);
});
