import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, describe, expect, it } from "vitest";
import { FindingError, UsageError } from "../../../harness/base/errors.ts";
import { download, programIn } from "../../../harness/abra/download.ts";
import { type FindOptions, findAbra } from "../../../harness/abra/find.ts";
import { scratch } from "../recipe/repo.ts";
import { fakeAbra, saysVersion } from "./fake.ts";

const { dir: home, remove } = scratch();
afterAll(remove);
let made = 0;
const fresh = () => join(home, String(++made));
const good = (path = join(fresh(), "abra")) => fakeAbra(path, saysVersion);
const unreachable: typeof fetch = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("getaddrinfo ENOTFOUND") }));

function find(o: Partial<FindOptions>) {
  return findAbra({ flag: null, env: {}, cacheDir: fresh(), signal: AbortSignal.timeout(20_000), log: () => {}, machine: { arch: "x64", platform: "linux" }, fetch: unreachable, ...o });
}

describe("the order", () => {
  it("is --abra, RECIPE_CI_ABRA, PATH", async () => {
    const [flag, named, folder] = [good(), good(), fresh()];
    const onPath = good(join(folder, "abra"));
    const env = { RECIPE_CI_ABRA: named, PATH: `relative:${fresh()}:${folder}` };
    expect(await find({ flag, env })).toMatchObject({ kind: "binary", path: flag, from: "--abra", version: "0.13.0-beta-06a57de" });
    expect(await find({ env })).toMatchObject({ path: named, from: "RECIPE_CI_ABRA" });
    expect(await find({ env: { PATH: env.PATH } })).toMatchObject({ path: onPath, from: "PATH" });
  });

  it("passes over what is unusable on the PATH and says so", async () => {
    const [old, folder] = [fresh(), fresh()];
    fakeAbra(join(old, "abra"), "echo abra version 0.9.0-beta");
    const usable = good(join(folder, "abra"));
    const lines: string[] = [];
    expect(await find({ env: { PATH: `${old}:${folder}` }, log: (line) => lines.push(line) })).toMatchObject({ path: usable });
    expect(lines).toEqual([`${old}/abra is passed over: it has the wrong version 0.9.0-beta, 0.13 is needed`]);
  });
});

describe("a named abra is used or refused", () => {
  it.each([
    ["missing", () => join(fresh(), "abra"), "does not exist"],
    ["a folder", () => home, "is no file"],
    ["not executable", () => fakeAbra(join(fresh(), "abra"), saysVersion, 0o644), "is not executable"],
    ["of another version", () => fakeAbra(join(fresh(), "abra"), "echo abra version 0.12.0-beta"), "has the wrong version 0.12.0-beta"],
    ["no abra", () => fakeAbra(join(fresh(), "abra"), "echo hello"), 'is no abra: it answered --version with "hello"'],
    ["broken", () => fakeAbra(join(fresh(), "abra"), "echo no >&2; exit 3"), "can't be run: --version ended with exit code 3 (no)"],
    ["hanging", () => fakeAbra(join(fresh(), "abra"), "sleep 60"), "hangs: no answer to --version within 0.3 s"],
  ])("%s", async (_what, make, said) => {
    for (const name of ["--abra", "RECIPE_CI_ABRA"]) {
      const path = make();
      const given = name === "--abra" ? { flag: path } : { env: { RECIPE_CI_ABRA: path } };
      const error = await find({ ...given, limitMs: 300 }).then(() => null, (thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UsageError);
      expect((error as UsageError).message).toContain(`${name} ${path}: ${said}`);
      expect((error as UsageError).message).not.toContain("\n");
    }
  });
});

it("all four failing is infra, with three ways out and what was tried", async () => {
  const error = await find({ env: { PATH: fresh() } }).then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FindingError);
  const { blame, reason } = error as FindingError;
  expect([blame, reason.class]).toEqual(["infra", "abra-missing"]);
  expect(reason.hint).toMatch(/three ways: .*PATH, .*--abra PATH or RECIPE_CI_ABRA, .*git\.coopcloud\.tech/);
  expect(reason.evidence).toEqual(["--abra: not given", "RECIPE_CI_ABRA: not set", "PATH: no abra on it", "release 0.13.0-beta: fetch failed (getaddrinfo ENOTFOUND)"]);
});

async function archive(files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, text);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return gzipSync(Buffer.concat(chunks));
}

const serving = (body: Uint8Array, status = 200): typeof fetch => () => Promise.resolve(new Response(Buffer.from(body), { status }));
const sumOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("download", () => {
  const signal = AbortSignal.timeout(20_000);

  it("puts the program in place, executable, with nothing beside it", async () => {
    const bytes = await archive({ "README.md": "x", abra: "#!/bin/sh\n" });
    const to = join(fresh(), "deep", "abra");
    await download({ url: "http://x/", sha256: sumOf(bytes), to, signal, fetch: serving(bytes) });
    expect(readFileSync(to, "utf8")).toBe("#!/bin/sh\n");
    expect(statSync(to).mode & 0o777).toBe(0o755);
  });

  it.each([
    ["a wrong sum", async () => ({ bytes: await archive({ abra: "x" }), sum: "0".repeat(64), status: 200 }), /has the sha256 .*, expected 0000/],
    ["no answer", async () => ({ bytes: Buffer.from(""), sum: "", status: 503 }), /answered 503/],
    ["no program", async () => { const bytes = await archive({ other: "x" }); return { bytes, sum: sumOf(bytes), status: 200 }; }, /holds no file named abra/],
    ["no archive", async () => { const bytes = Buffer.from("hello"); return { bytes, sum: sumOf(bytes), status: 200 }; }, /incorrect header/],
  ])("%s leaves nothing behind", async (_what, given, said) => {
    const { bytes, sum, status } = await given();
    const to = join(fresh(), "abra");
    await expect(download({ url: "http://x/", sha256: sum, to, signal, fetch: serving(bytes, status) })).rejects.toThrow(said);
    expect(existsSync(to)).toBe(false);
  });

  it("is not asked for again once it is in the cache", async () => {
    const cacheDir = fresh();
    const cached = good(join(cacheDir, "abra/0.13.0-beta/amd64/abra"));
    expect(await find({ cacheDir })).toMatchObject({ path: cached, from: "release" });
  });

  it("refuses a release with another sum", async () => {
    const error = await find({ fetch: serving(await archive({ abra: "#!/bin/sh\n" })) }).then(() => null, (thrown: unknown) => thrown);
    expect((error as FindingError).reason.evidence.at(-1)).toMatch(/sha256 .* expected 866d5cda/);
  });

  it("takes ./abra too", async () => expect(String(await programIn(await archive({ "./abra": "p" })))).toBe("p"));
});

it("a hanging abra is gone afterwards", async () => {
  const pid = join(fresh(), "pid");
  const path = fakeAbra(join(home, "hang", "abra"), `mkdir -p ${pid}; echo $$ > ${pid}/pid; sleep 60`);
  await find({ flag: path, limitMs: 300 }).catch(() => {});
  const number = Number(readFileSync(`${pid}/pid`, "utf8"));
  expect(() => process.kill(number, 0)).toThrow("ESRCH");
});
