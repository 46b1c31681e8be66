import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FindingError, UsageError } from "../../../harness/base/errors.ts";
import { fetchRecipe } from "../../../harness/recipe/checkout.ts";
import type { Source } from "../../../harness/recipe/source.ts";
import { compose, fingerprint, Repo, scratch } from "./repo.ts";

const { dir: home, remove } = scratch();
afterAll(remove);
const recipe = { "compose.yml": compose, ".env.sample": "TYPE=blog\n" };
let made = 0;

function repo(name = "blog"): Repo {
  return new Repo(join(home, String(++made), name));
}

function fetchFrom(source: Repo | Source | string, o: { ref?: string; pr?: number; log?: (line: string) => void; ignore?: string[] } = {}) {
  const from: Source = source instanceof Repo ? { kind: "path", path: source.dir, name: "blog" } : typeof source === "string" ? { kind: "path", path: source, name: "blog" } : source;
  const into = join(home, String(++made), "into");
  return fetchRecipe({ source: from, ref: o.ref ?? null, pr: o.pr ?? null, into, signal: AbortSignal.timeout(20_000), ignore: o.ignore ?? [], log: o.log ?? (() => {}) });
}

const asUrl = (from: Repo): Source => ({ kind: "url", url: `file://${from.dir}`, name: "blog" });
const gitIn = (dir: string, ...args: string[]) => execFileSync("git", args, { cwd: dir, encoding: "utf8" }).trim();

async function refused(promise: Promise<unknown>): Promise<UsageError> {
  const error = await promise.then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).not.toContain("\n");
  return error as UsageError;
}

describe("a commit", () => {
  it("is cloned at its exact sha, with all tags and a local origin that can be fetched from", async () => {
    const from = repo();
    const first = from.commit(recipe);
    from.tag("1.0.0+1.27");
    const second = from.commit({ "README.md": "x" });
    from.tag("1.1.0+1.27");
    from.git("tag", "nightly");
    const checkout = await fetchFrom(asUrl(from));
    expect(checkout).toMatchObject({ name: "blog", ref: null, head: second, author: second, dirty: false, changed: [] });
    expect(checkout.versions).toEqual([{ tag: "1.1.0+1.27", commit: second }, { tag: "1.0.0+1.27", commit: first }]);
    expect(checkout.notices).toEqual(["tags that are no recipe versions are ignored: nightly"]);
    expect(gitIn(checkout.dir, "rev-parse", "HEAD")).toBe(second);
    expect(gitIn(checkout.dir, "status", "--porcelain")).toBe("");
    expect(gitIn(checkout.dir, "remote", "get-url", "origin")).toBe(checkout.mirror);
    expect(gitIn(checkout.dir, "cat-file", "-t", "1.0.0+1.27")).toBe("tag");
    expect(gitIn(checkout.dir, "rev-parse", "refs/heads/main")).toBe(second);
    gitIn(checkout.dir, "fetch", "--tags", "--force", "origin");
  });

  it("incident 17: stays what is tested, whatever others do to the recipe's tree meanwhile", async () => {
    const from = repo();
    const head = from.commit(recipe);
    const checkout = await fetchFrom(from);
    from.git("checkout", "-q", "-b", "another");
    const { "compose.yml": before } = recipe;
    from.commit({ "compose.yml": `${before}# another run's\n` });
    from.git("branch", "-q", "-D", "main");
    expect(gitIn(checkout.dir, "rev-parse", "HEAD")).toBe(head);
    expect(readFileSync(join(checkout.dir, "compose.yml"), "utf8")).toBe(before);
  });

  it("is found by tag, branch, short sha, full ref and HEAD~", async () => {
    const from = repo();
    const first = from.commit(recipe);
    from.tag("1.0.0+1");
    from.git("branch", "feature");
    const second = from.commit({ "README.md": "x" });
    const meant = { "1.0.0+1": first, feature: first, [first.slice(0, 8)]: first, [second]: second, "refs/heads/main": second, "HEAD~1": first, HEAD: second };
    const found: Record<string, string> = {};
    for (const ref of Object.keys(meant)) found[ref] = (await fetchFrom(from, { ref })).head;
    expect(found).toEqual(meant);
  });

  it("may be a pull request's", async () => {
    const from = repo();
    from.commit(recipe);
    from.git("checkout", "-q", "--detach");
    const pull = from.commit({ "README.md": "pull" });
    from.git("update-ref", "refs/pull/7/head", pull);
    from.git("checkout", "-q", "main");
    expect(await fetchFrom(asUrl(from), { pr: 7 })).toMatchObject({ head: pull, ref: "refs/pull/7/head" });
    expect((await refused(fetchFrom(asUrl(from), { pr: 8 }))).message).toMatch(/^--pr 8: .* has no such pull request; /);
  });

  it("may be checked out detached in a clone without main, as CI does", async () => {
    const from = repo();
    from.git("symbolic-ref", "HEAD", "refs/heads/topic");
    const head = from.commit(recipe);
    from.git("checkout", "-q", "--detach");
    from.git("branch", "-q", "-D", "topic");
    const checkout = await fetchFrom(from);
    expect(checkout.head).toBe(head);
    expect(gitIn(checkout.dir, "rev-parse", "refs/remotes/origin/main")).toBe(head);
  });

  it("comes out of a shallow clone too", async () => {
    const from = repo();
    from.commit(recipe);
    const head = from.commit({ "README.md": "x" });
    const shallow = join(home, String(++made), "blog");
    execFileSync("git", ["clone", "-q", "--depth", "1", `file://${from.dir}`, shallow]);
    expect((await fetchFrom(shallow)).head).toBe(head);
  });
});

describe("a working tree", () => {
  function dirty(): Repo {
    const from = repo();
    from.commit({ ...recipe, ".gitignore": "*.log\nforced.txt\n", "old.txt": "o", "gone.txt": "g", "kept.txt": "k" });
    from.write({ "old.txt": "changed", "new/new.txt": "n", "debug.log": "ignored", "forced.txt": "f", "local.txt": "l" });
    from.git("add", "-f", "forced.txt");
    from.write({ ".git/info/exclude": "local.txt\n" });
    rmSync(join(from.dir, "gone.txt"));
    return from;
  }

  it("is tested as it stands: changed, new, deleted and force-added files, no ignored ones", async () => {
    const from = dirty();
    const lines: string[] = [];
    const checkout = await fetchFrom(from, { log: (line) => lines.push(line) });
    expect(checkout).toMatchObject({ dirty: true, ref: null, author: from.git("rev-parse", "HEAD") });
    expect(checkout.head).not.toBe(checkout.author);
    expect([...checkout.changed].sort()).toEqual(["forced.txt", "gone.txt", "new/new.txt", "old.txt"]);
    expect(lines).toEqual([`working tree, 4 files differ from ${checkout.author.slice(0, 7)}`]);
    expect(readFileSync(join(checkout.dir, "old.txt"), "utf8")).toBe("changed");
    expect(existsSync(join(checkout.dir, "gone.txt"))).toBe(false);
    expect(existsSync(join(checkout.dir, "debug.log"))).toBe(false);
    expect(gitIn(checkout.dir, "rev-parse", "HEAD^")).toBe(checkout.author);
    expect(gitIn(checkout.dir, "status", "--porcelain")).toBe("");
  });

  it("does not hold the results of the build that tests it", async () => {
    const from = repo();
    from.commit({ ...recipe });
    from.write({ "out/build.log": "ours", "outer.txt": "the author's" });
    const checkout = await fetchFrom(from, { ignore: [join(from.dir, "out"), "/somewhere/else"] });
    expect(checkout.changed).toEqual(["outer.txt"]);
  });

  it("leaves the author's repo as it is, byte for byte", async () => {
    const from = dirty();
    const before = fingerprint(from.dir);
    await fetchFrom(from);
    expect(fingerprint(from.dir)).toEqual(before);
  });

  it("is not dirty where nothing but ignored files differs", async () => {
    const from = repo();
    const head = from.commit({ ...recipe, ".gitignore": "*.log\n" });
    from.write({ "x.log": "x" });
    expect(await fetchFrom(from)).toMatchObject({ dirty: false, head, author: head, changed: [] });
  });

  it("keeps modes and links", async () => {
    const from = repo();
    from.commit({ ...recipe, "hook.sh": "#!/bin/sh\n" });
    chmodSync(join(from.dir, "hook.sh"), 0o755);
    symlinkSync("hook.sh", join(from.dir, "link"));
    const checkout = await fetchFrom(from);
    expect([...checkout.changed]).toEqual(["hook.sh", "link"]);
    expect(gitIn(checkout.dir, "ls-files", "-s", "hook.sh", "link").split("\n").map((line) => line.slice(0, 6))).toEqual(["100755", "120000"]);
  });

  it("is not looked at where a ref is given", async () => {
    const from = dirty();
    expect(await fetchFrom(from, { ref: "main" })).toMatchObject({ dirty: false, changed: [] });
  });

  it("of a linked worktree is that worktree's", async () => {
    const from = repo();
    from.commit(recipe);
    const linked = join(home, String(++made), "blog");
    from.git("worktree", "add", "-q", "-b", "topic", linked);
    execFileSync("sh", ["-c", "echo x > new.txt"], { cwd: linked });
    expect(await fetchFrom(linked)).toMatchObject({ dirty: true, changed: ["new.txt"] });
  });

  it("runs nothing that the repo's own settings name: no hooks, filters or monitors", async () => {
    const from = repo();
    from.commit({ ...recipe, ".gitattributes": "*.txt filter=evil\n" });
    const trace = join(home, "ran");
    const evil = join(home, "evil.sh");
    execFileSync("sh", ["-c", `printf '#!/bin/sh\\ntouch ${trace}\\ncat\\n' > ${evil} && chmod +x ${evil}`]);
    for (const key of ["filter.evil.clean", "filter.evil.smudge", "core.fsmonitor", "core.sshCommand", "uploadpack.packObjectsHook"]) from.git("config", key, evil);
    for (const hook of ["post-checkout", "pre-commit", "post-index-change", "reference-transaction"]) execFileSync("cp", [evil, join(from.dir, ".git/hooks", hook)]);
    rmSync(trace, { force: true });
    from.write({ "new.txt": "n" });
    // Its working tree is read before anybody knows what is in it.
    await expect(fetchFrom(from)).rejects.toThrow(".gitattributes names a program that git would run over files (*.txt filter=evil)");
    expect(existsSync(trace)).toBe(false);
    from.git("rm", "-q", ".gitattributes");
    rmSync(trace, { force: true });
    expect((await fetchFrom(from)).changed).toEqual([".gitattributes", "new.txt"]);
    expect(existsSync(trace)).toBe(false);
  });
});

describe("bad input", () => {
  it("an empty repo", async () => {
    expect((await refused(fetchFrom(repo()))).message).toMatch(/blog: is an empty git repo, it has no commit; commit the recipe first/);
    expect((await refused(fetchFrom(asUrl(repo())))).message).toContain("no commit");
  });

  it("a path that is no git repo, no folder, or a folder inside a repo", async () => {
    const plain = join(home, String(++made), "blog");
    mkdirSync(plain, { recursive: true });
    expect((await refused(fetchFrom(plain))).message).toContain("is no git repo");
    expect((await refused(fetchFrom(join(home, "nowhere")))).message).toContain("no such folder");
    const from = repo();
    from.commit({ ...recipe, "sub/x": "x" });
    expect((await refused(fetchFrom(join(from.dir, "sub")))).message).toContain("inside a git repo");
    expect((await refused(fetchFrom(join(from.dir, "compose.yml")))).message).toContain("is no folder");
  });

  it("a URL with nothing there", async () => {
    expect((await refused(fetchFrom({ kind: "url", url: `file://${home}/nothing.git`, name: "nothing" }))).message).toContain("there is no such recipe");
  });

  it("an unknown ref names what there is", async () => {
    const from = repo();
    from.commit(recipe);
    from.tag("1.0.0+1");
    for (const ref of ["1.0.0", "deadbeef", "f".repeat(40), "--all", "a b", "main~1"]) {
      const { message } = await refused(fetchFrom(from, { ref }));
      expect(message.startsWith(`ref ${ref}: `)).toBe(true);
      expect(message).toMatch(/has no tag, branch or commit of that name; it has: .*1\.0\.0\+1|it has: main/);
    }
  });

  it("an ambiguous ref names its meanings", async () => {
    const from = repo();
    from.commit(recipe);
    from.tag("both");
    from.git("branch", "both");
    expect((await refused(fetchFrom(from, { ref: "both" }))).message).toMatch(/ambiguous: refs\/tags\/both .*refs\/heads\/both/);
    expect(await fetchFrom(from, { ref: "refs/heads/both" })).toBeTruthy();
  });

  it("an ambiguous short sha names the commits", async () => {
    const from = repo();
    const seen = new Map<string, string>([]);
    from.commit(recipe);
    const tree = from.git("rev-parse", "HEAD^{tree}");
    let pair: [string, string] | null = null;
    for (let i = 0; pair === null; i++) {
      const commit = execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit-tree", tree, "-m", String(i)], { cwd: from.dir, encoding: "utf8" }).trim();
      const other = seen.get(commit.slice(0, 4));
      if (other !== undefined) pair = [other, commit];
      seen.set(commit.slice(0, 4), commit);
    }
    from.git("branch", "one", pair[0]);
    from.git("branch", "two", pair[1]);
    const { message } = await refused(fetchFrom(from, { ref: pair[0].slice(0, 4) }));
    expect(message).toContain(pair[0]);
    expect(message).toContain(pair[1]);
  });

  it("--ref and --pr together", async () => {
    expect((await refused(fetchFrom(repo(), { ref: "main", pr: 1 }))).message).toContain("contradicts");
  });

  it("lightweight version tags only", async () => {
    const from = repo();
    from.commit(recipe);
    from.git("tag", "1.0.0+1");
    expect((await refused(fetchFrom(from))).message).toMatch(/lightweight version tags only \(1\.0\.0\+1\).*git tag -a -f/);
    from.commit({ "README.md": "x" });
    from.tag("1.1.0+1");
    expect((await fetchFrom(from)).notices[0]).toMatch(/^lightweight tags are ignored: 1\.0\.0\+1; annotate/);
  });

  it.each([
    ["compose.yml missing", { ".env.sample": "" }, /compose\.yml: does not exist; /],
    ["compose.yml empty", { ...recipe, "compose.yml": "\n" }, /compose\.yml: is empty; /],
    ["compose.yml not YAML", { ...recipe, "compose.yml": "a: [\n" }, /compose\.yml: no valid YAML: /],
    ["compose.yml no mapping", { ...recipe, "compose.yml": "- a\n" }, /compose\.yml: the file must be a mapping; /],
    ["no app service", { ...recipe, "compose.yml": "services: {web: {image: x}}\n" }, /compose\.yml: has no service named app; /],
    [".env.sample missing", { "compose.yml": compose }, /\.env\.sample: does not exist; /],
  ])("%s", async (_what, files, said) => {
    const from = repo();
    from.commit(files);
    const { message } = await refused(fetchFrom(from));
    expect(message).toMatch(said);
    expect(message).toContain(from.dir);
  });

  it("a compose.yml of 10 MB, refused without parsing it", async () => {
    const from = repo();
    from.commit({ ...recipe, "compose.yml": `${compose}#${"x".repeat(10 * 1024 * 1024)}\n` });
    expect((await refused(fetchFrom(from))).message).toMatch(/compose\.yml: is 10\.0 MB long, more than 1 MB; /);
  });

  it("a compose.yml that is a link out of the recipe", async () => {
    const from = repo();
    from.write({ ".env.sample": "" });
    symlinkSync("/etc/passwd", join(from.dir, "compose.yml"));
    from.commit();
    await expect(fetchFrom(from)).rejects.toThrow("compose.yml is a link to /etc/passwd, outside of the recipe");
  });
});

it("incident 23: a forge that does not answer is infra, not the recipe's fault", async () => {
  const error = await fetchFrom({ kind: "url", url: "http://127.0.0.1:1/x/blog.git", name: "blog" }).then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FindingError);
  expect(error).toMatchObject({ blame: "infra", reason: { class: "forge" } });
});

it("ends at once when the build is interrupted", async () => {
  const from = repo();
  from.commit(recipe);
  const stop = new AbortController();
  const reason = new Error("interrupted");
  const fetching = fetchRecipe({ source: asUrl(from), ref: null, pr: null, into: join(home, "stopped"), signal: stop.signal, log: () => {} });
  stop.abort(reason);
  await expect(fetching).rejects.toBe(reason);
});
