import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

export const compose = 'version: "3.8"\nservices:\n  app:\n    image: nginx:1.27\n';

const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("GIT_"))),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.org",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@example.org",
};

/** A scratch folder that is gone when the caller says so. */
export function scratch(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "recipe-ci-unit-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A git repo made by the git CLI. */
export class Repo {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true });
    this.git("init", "-q", "-b", "main");
  }

  git(...args: string[]): string {
    return execFileSync("git", args, { cwd: this.dir, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  }

  write(files: Record<string, string>): this {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.dir, name)), { recursive: true });
      writeFileSync(join(this.dir, name), text);
    }
    return this;
  }

  /** Commits everything. @returns the commit */
  commit(files: Record<string, string> = {}): string {
    this.write(files).git("add", "-A");
    this.git("commit", "-q", "--allow-empty", "-m", "x");
    return this.git("rev-parse", "HEAD");
  }

  tag(name: string): void {
    this.git("tag", "-a", "-m", name, name);
  }
}

/** Every file below a folder with its mode, time and content: what must not change. */
export function fingerprint(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.sort().map((path) => {
      const { mode, mtimeMs } = statSync(path);
      const sum = statSync(path).isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "folder";
      return [relative(dir, path), `${mode} ${mtimeMs} ${sum}`];
    }),
  );
}
