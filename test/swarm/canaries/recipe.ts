import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { git } from "../support/lab.ts";
import type { Canary, Edit } from "./canary.ts";

type Tree = Readonly<Record<string, unknown>>;

/** One web server with one page; everything about it is as it should be. */
function plain(version: string): Tree {
  return {
    version: "3.8",
    services: {
      app: {
        image: "nginx:1.27",
        configs: [{ source: "page", target: "/usr/share/nginx/html/index.html" }],
        networks: ["proxy", "internal"],
        stop_grace_period: "1s",
        healthcheck: { test: ["CMD-SHELL", "test -s /run/nginx.pid"], interval: "1s", timeout: "5s", retries: 5, start_period: "30s" },
        deploy: {
          update_config: { order: "start-first" },
          restart_policy: { delay: "500ms" },
          labels: {
            "traefik.enable": "true",
            "traefik.docker.network": "proxy",
            "traefik.http.services.${STACK_NAME}.loadbalancer.server.port": "80",
            "traefik.http.routers.${STACK_NAME}.rule": "Host(`${DOMAIN}`${EXTRA_DOMAINS})",
            "traefik.http.routers.${STACK_NAME}.entrypoints": "web-secure",
            "traefik.http.routers.${STACK_NAME}.tls.certresolver": "${LETS_ENCRYPT_ENV}",
            "coop-cloud.${STACK_NAME}.version": version,
            "coop-cloud.${STACK_NAME}.timeout": "${TIMEOUT:-60}",
          },
        },
      },
    },
    networks: { proxy: { external: true }, internal: null },
    configs: { page: { name: "${STACK_NAME}_page_${PAGE_VERSION}", file: "index.html" } },
  };
}

const texts = (name: string, state: string): Record<string, string> => ({
  ".env.sample": `TYPE=${name}\nDOMAIN=${name}.example.com\nLETS_ENCRYPT_ENV=production\nTIMEOUT=60\nCOMPOSE_FILE="compose.yml"\n`,
  "abra.sh": `#!/bin/bash\n\nexport PAGE_VERSION=${pages[state] ?? state}\n`,
  "index.html": `<!doctype html>\n<title>${name}</title>\n<p>${state}</p>\n`,
  "README.md": `# ${name}\n\nA canary.\n\n<!-- metadata -->\n\n* **Category**: Apps\n* **Status**: 0\n* **Image**: nginx, 4, upstream\n* **Healthcheck**: Yes\n* **Backups**: No\n* **Email**: N/A\n* **Tests**: 0\n* **SSO**: N/A\n\n<!-- endmetadata -->\n`,
});

const pages: Readonly<Record<string, string>> = { base: "v1", head: "v2" };

/** Makes a canary's git repo in `into/name`: its older versions and base as tagged versions, then head. @returns the repo's folder */
export async function makeRecipe({ name, older = [], base, head = {} }: Pick<Canary, "name" | "older" | "base" | "head">, into: string): Promise<string> {
  const repo = join(into, name);
  await mkdir(repo, { recursive: true });
  await git(repo, "init", "--quiet", "--template=", "--initial-branch=main");
  const tagged = [...older.map((edit, index) => ({ edit, state: `older${index + 1}`, version: `0.0.${index + 1}+1.27` })), ...(base ? [{ edit: base, state: "base", version: "0.1.0+1.27" }] : [])];
  for (const { edit, state, version } of tagged) {
    await commit(repo, { name, state, version }, edit);
    await git(repo, "tag", "--annotate", "--message", "a version", version);
  }
  await commit(repo, { name, state: "head", version: "0.2.0+1.27" }, head);
  return repo;
}

async function commit(repo: string, { name, state, version }: { name: string; state: string; version: string }, edit: Edit): Promise<void> {
  const files: Record<string, string | null> = { ...texts(name, state), "compose.yml": compose(version, edit), ...edit.files };
  if (edit.sample) files[".env.sample"] += `${edit.sample}\n`;
  await git(repo, "rm", "-rq", "--ignore-unmatch", ".");
  for (const [path, text] of Object.entries(files)) {
    if (text === null) await rm(join(repo, path), { force: true });
    else await put(join(repo, path), text);
  }
  await git(repo, "add", "--all");
  await git(repo, "commit", "--quiet", "--message", state);
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
}

function compose(version: string, { compose: edit = {} }: Edit): string {
  const tree = merge(plain(version), edit) as { services: Record<string, { deploy?: { labels?: Record<string, string> } }> };
  for (const service of Object.values(tree.services)) {
    const labels = service.deploy?.labels;
    // As a list: Docker replaces no variables in keys.
    if (labels && service.deploy) Object.assign(service.deploy, { labels: Object.entries(labels).map(([key, value]) => `${key}=${value}`) });
  }
  return stringify(tree);
}

function merge(under: unknown, over: unknown): unknown {
  if (!isTree(under) || !isTree(over)) return over;
  const keys = [...new Set([...Object.keys(under), ...Object.keys(over)])].filter((key) => over[key] !== null);
  return Object.fromEntries(keys.map((key) => [key, key in over ? merge(under[key], over[key]) : under[key]]));
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
