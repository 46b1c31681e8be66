/** Small recipes for the contract, in Co-op Cloud's format, as git repositories with tags. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../../../harness/base/command.ts";

export interface RecipeOptions {
  /** Version tags, oldest first, each one commit; by default two. */
  readonly tags?: readonly string[];
  readonly lightweight?: boolean;
  /** Files of the last commit, over the usual ones; null leaves one out. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** What the app's container runs; by default it sleeps. */
  readonly script?: string;
  /** Lines of YAML put under the app service. */
  readonly service?: string;
  /** Lines of YAML put under the app service's `deploy`. */
  readonly deploy?: string;
  /** Lines added to .env.sample. */
  readonly env?: string;
}

const indent = (text: string, by: number) => text.split("\n").map((line) => " ".repeat(by) + line).join("\n");

/** Two services would double the time of each check; one is enough for most of what is assumed. */
export function composeText(version: string, { script = "trap 'exit 0' TERM; sleep infinity & wait", service = "", deploy = "" }: RecipeOptions): string {
  return `version: "3.8"
services:
  app:
    image: debian:bookworm-slim
    command: ["sh", "-c", ${JSON.stringify(script)}]
    stop_grace_period: 1s
    environment:
      - OWN=\${OWN:-recipe}
      - FROM_ABRA_SH=\${CONF_VERSION}
    secrets: [token]
    volumes: ["data:/data"]
${indent(service, 4)}
    deploy:
      update_config:
        monitor: 1s
      labels:
        - "coop-cloud.\${STACK_NAME}.version=${version}"
        - "coop-cloud.\${STACK_NAME}.timeout=\${TIMEOUT:-300}"
${indent(deploy, 6)}
volumes:
  data: {}
secrets:
  token:
    external: true
    name: \${STACK_NAME}_token_\${SECRET_TOKEN_VERSION}
`;
}

function usualFiles(recipe: string, version: string, options: RecipeOptions): Record<string, string | null> {
  return {
    "compose.yml": composeText(version, options),
    ".env.sample": `TYPE=${recipe}\nDOMAIN=${recipe}.example.com\nTIMEOUT=30\nCOMPOSE_FILE="compose.yml"\nSECRET_TOKEN_VERSION=v1 # length=24\n${options.env ?? ""}\n`,
    "abra.sh": `#!/bin/bash\nexport CONF_VERSION=v7\nhello() {\n  echo "hello $1 from $STACK_NAME"\n}\nmark() {\n  echo done > /data/mark\n}\n`,
    "README.md": `# ${recipe}\n`,
  };
}

/** Makes a repository of the folder: one commit a tag and one more on `main`. */
export async function makeOrigin(recipe: string, origin: string, options: RecipeOptions): Promise<void> {
  await git(origin, "init", "-q", "-b", "main");
  for (const tag of options.tags ?? ["1.0.0+1.0.0", "1.1.0+1.0.1"]) {
    write(origin, usualFiles(recipe, tag, options));
    await commit(origin, tag);
    await git(origin, "tag", ...(options.lightweight ? [] : ["-a", "-m", tag]), tag);
  }
  write(origin, { ...usualFiles(recipe, "9.9.9+head", options), "head.txt": "head\n", ...options.files });
  await commit(origin, "head");
}

function write(dir: string, files: Readonly<Record<string, string | null>>): void {
  for (const [name, text] of Object.entries(files)) {
    if (text === null) rmSync(join(dir, name), { force: true });
    else writeFileSync(join(dir, name), text);
  }
}

async function commit(dir: string, message: string): Promise<void> {
  await git(dir, "add", "-A");
  await git(dir, "commit", "-q", "--allow-empty", "-m", message);
}

async function git(dir: string, ...args: string[]): Promise<void> {
  const who = ["-c", "user.name=recipe-ci", "-c", "user.email=recipe-ci@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"];
  const result = await command(["git", ...who, "-C", dir, ...args], { timeoutMs: 30_000 });
  assert.equal(result.exitCode, 0, `git ${args.join(" ")}: ${result.stderr}`);
}
