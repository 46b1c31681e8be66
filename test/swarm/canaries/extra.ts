import { scenarios } from "../../../harness/build/extra/scenarios.ts";
import { type Canary, type Edit, type Expected, failed, passed, unverified } from "./canary.ts";

const serve = "exec nginx -g 'daemon off;'";
const sh = (script: string) => ["sh", "-c", script];
const page = [{ source: "page", target: "/usr/share/nginx/html/index.html" }];
const app = (edit: object) => ({ services: { app: edit } });

/** A canary of some scenarios of the extra suite: all others are left out. */
export function of(names: readonly string[], { files, ...edit }: Edit, settings: object = {}): Pick<Canary, "flags" | "head"> {
  const others = scenarios.map(({ name }) => name).filter((name) => !names.includes(name));
  const json = JSON.stringify({ skip: Object.fromEntries(others.map((name) => [name, "another canary tries it"])), ...settings });
  return { flags: ["--extra"], head: { ...edit, files: { ...files, ".recipe-ci/recipe.json": json } } };
}

const bears = (more: Partial<Expected> = {}) => passed({ ...more, tiers: { install: "passed", extra: "passed" } });
const failsExtra = (words: RegExp) => failed("tests-failed", null, { words, tiers: { install: "passed", extra: "failed" } });

/** A secret with a version in the .env, which the app has. */
const token = { token: { external: true, name: "${STACK_NAME}_token_${SECRET_TOKEN_VERSION}" } };
const sample = "SECRET_TOKEN_VERSION=v1";
/** An app that takes its secret for good when it is first started. */
const keeper: Edit = {
  compose: {
    ...app({ command: sh(`test -e /data/taken || cp /run/secrets/token /data/taken; if ! cmp -s /run/secrets/token /data/taken; then echo 'access denied' >&2; exit 1; fi; ${serve}`), secrets: ["token"], volumes: ["data:/data"] }),
    secrets: token, volumes: { data: {} },
  },
  sample,
};
const hook = (body: string) => ({ ".recipe-ci/hooks.ts": `export async function rotate(app) {\n  ${body}\n}\n` });

/** Recipes that are as good as any until the extra suite is asked for. */
export const extras: readonly Canary[] = [
  {
    name: "bears-it-all", about: "an app and its database: load, each is killed, the same deployed again, a secret rotated",
    ...of(["load", "kill", "redeploy", "rotate"], { sample, compose: { secrets: token, services: {
      app: { secrets: ["token"], command: sh(`until curl -fsS -o /dev/null http://\${STACK_NAME}_db/; do exit 1; done; ${serve}`), environment: { DB_HOST: "${STACK_NAME}_db" } },
      db: { image: "nginx:1.27", networks: ["internal"], deploy: { restart_policy: { delay: "500ms" } } },
      migrate: { image: "nginx:1.27", command: sh("exit 0"), networks: ["internal"], deploy: { restart_policy: { condition: "none" } } },
    } } }, { load: { seconds: 3 } }),
    expect: bears(),
  },
  {
    name: "few-at-once", about: "answers one visitor, and most of ten with 503",
    ...of(["load"], {
      compose: { ...app({ configs: [...page, { source: "limit", target: "/etc/nginx/conf.d/default.conf" }] }), configs: { limit: { name: "${STACK_NAME}_limit_v1", file: "limit.conf" } } },
      files: { "limit.conf": 'limit_req_zone $binary_remote_addr zone=all:1m rate=20r/s;\nserver {\n  listen 80;\n  root /usr/share/nginx/html;\n  limit_req zone=all burst=20 nodelay;\n}\n' },
    }, { load: { seconds: 3 } }),
    expect: failsExtra(/of \d+ requests went wrong \(\d+ times 503\)/),
  },
  {
    name: "stale-lock", about: "takes a lock that only a good end gives back: killed, it never starts again",
    ...of(["kill"], { compose: {
      ...app({ command: sh(`if [ -e /data/lock ]; then echo 'locked by another instance' >&2; exit 1; fi; touch /data/lock; trap 'rm /data/lock; exit 0' TERM; nginx; while :; do sleep 0.2; done`), volumes: ["data:/data"], deploy: { update_config: { order: "stop-first" } } }),
      volumes: { data: {} },
    } }),
    expect: failed("crash-loop", "app", { words: /after app was killed: app: 4 failures/, tiers: { install: "passed", extra: "failed" } }),
  },
  {
    name: "restarts-its-worker", about: "each deployment but the first restarts a worker",
    ...of(["redeploy"], {
      compose: {
        services: {
          app: { volumes: ["flags:/flags"] },
          worker: { image: "nginx:1.27", command: sh("while [ ! -e /flags/restart ]; do sleep 0.1; done; rm /flags/restart"), volumes: ["flags:/flags"], networks: ["internal"], deploy: { restart_policy: { delay: "500ms" } } },
        },
        volumes: { flags: {} },
      },
      files: { "abra.sh": "#!/bin/bash\n\nexport PAGE_VERSION=v2\n\nrestart_worker() {\n  if [ ! -e /flags/deployed ]; then touch /flags/deployed; return; fi\n  touch /flags/restart\n  while [ -e /flags/restart ]; do sleep 0.1; done\n}\n" },
      sample: 'POST_DEPLOY_CMDS="app restart_worker"',
    }, { restarts: { stableFor: 10 } }),
    expect: failsExtra(/worker: task \w+ ended/),
  },
  {
    name: "secret-for-ever", about: "a secret whose version is written into its name",
    ...of(["rotate"], { compose: { ...app({ secrets: ["token"] }), secrets: { token: { external: true, name: "${STACK_NAME}_token_v1" } } }, sample }),
    expect: failsExtra(/app: token is \S+_token_v1 whatever its version in the \.env says/),
  },
  { name: "secret-kept", about: "takes its secret for good, and nobody says how it is rotated", ...of(["rotate"], keeper), expect: unverified("tier-unverified", null, { words: /Write rotate in the recipe's hooks\.ts/, tiers: { install: "passed", extra: "unverified" } }) },
  {
    name: "secret-told", about: "takes its secret for good, and its hooks.ts tells it the new one",
    ...of(["rotate"], { ...keeper, files: hook('const { exitCode } = await app.exec("app", ["sh", "-c", "cat > /data/taken"], { input: await app.secret("token") });\n  if (exitCode !== 0) throw new Error("not written");') }),
    expect: bears(),
  },
  { name: "secret-told-wrong", about: "its hooks.ts does not tell it the new one", ...of(["rotate"], { ...keeper, files: hook("await app.secret(\"token\");") }), expect: failsExtra(/rotate: the app comes up with its new secrets/) },
];
