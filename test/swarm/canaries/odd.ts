import { type Canary, passed } from "./canary.ts";

const serve = "exec nginx -g 'daemon off;'";
const sh = (script: string) => ["sh", "-c", script];
const app = (edit: object) => ({ compose: { services: { app: edit } } });

/** Recipes that look broken for a while, or are unusual, and are fine. */
export const odd: readonly Canary[] = [
  { name: "no-tags", about: "a new recipe without a version", expect: passed({ tiers: { install: "passed", upgrade: "skipped" } }) },
  { name: "slow-start", about: "healthy after 12 s, within its start_period", head: app({ command: sh(`sleep 12; ${serve}`) }), expect: passed() },
  {
    name: "crashes-until-database", incident: 20, about: "dies until its database is up",
    head: { compose: { services: {
      app: { command: sh(`curl -fsS -o /dev/null http://\${STACK_NAME}_db/ || exit 1; ${serve}`), environment: { DB_HOST: "${STACK_NAME}_db" }, depends_on: ["db"] },
      db: { image: "nginx:1.27", command: sh(`sleep 10; ${serve}`), networks: ["internal"], healthcheck: { test: ["CMD", "curl", "-fsS", "http://127.0.0.1/"], interval: "1s", timeout: "5s", retries: 5, start_period: "60s" } },
    } } },
    expect: passed(),
  },
  {
    name: "crashes-once", about: "its first start fails, the second does not",
    head: { compose: { services: { app: { command: sh(`test -e /data/seen || { touch /data/seen; exit 1; }; ${serve}`), volumes: ["data:/data"] } }, volumes: { data: {} } } },
    expect: passed(),
  },
  {
    name: "one-shot-migration", about: "a service that does its work and ends",
    head: { compose: { services: { migrate: { image: "nginx:1.27", command: sh("sleep 2"), networks: ["internal"], deploy: { restart_policy: { condition: "on-failure", max_attempts: 3 } } } } } },
    expect: passed(),
  },
  {
    name: "schedule", about: "a service that ends with 0 and comes back each minute",
    head: { compose: { services: { cron: { image: "nginx:1.27", command: sh("sleep 1"), networks: ["internal"], deploy: { restart_policy: { delay: "60s" } } } } } },
    expect: passed(),
  },
  { name: "no-page", about: "a worker that no visitor reaches", head: app({ deploy: { labels: { "traefik.enable": "false" } } }), expect: passed({ warning: /nobody visits/ }) },
  {
    name: "asks-for-login", about: "answers 401 until one logs in",
    head: {
      compose: { services: { app: { configs: [{ source: "page", target: "/etc/nginx/conf.d/default.conf" }] } }, configs: { page: { file: "site.conf" } } },
      files: { "site.conf": "server { listen 80; return 401; }\n" },
    },
    expect: passed(),
  },
  { name: "global-service", about: "one task a node", head: app({ deploy: { mode: "global", update_config: { order: "stop-first" } } }), expect: passed() },
  { name: "no-health-check", about: "nobody checks its health", head: app({ healthcheck: null }), expect: passed() },
  {
    name: "elsewhere-first", about: "sets itself up on another port for 25 s", head: app({ healthcheck: null, command: sh(`sed 's/ 80;/ 8080;/' /etc/nginx/conf.d/default.conf > /tmp/setup.conf; sed 's#/etc/nginx/conf.d/.*#/tmp/setup.conf;#' /etc/nginx/nginx.conf > /tmp/nginx.conf; nginx -c /tmp/nginx.conf; sleep 25; nginx -s quit; sleep 1; ${serve}`) }),
    expect: passed(),
  },
  {
    name: "port-of-its-own", about: "publishes a port of the node, which base and a fresh head can't both hold",
    base: app({ ports: [{ target: 80, published: 18081, mode: "host" }], deploy: { update_config: { order: "stop-first" } } }),
    head: app({ ports: [{ target: 80, published: 18081, mode: "host" }], deploy: { update_config: { order: "stop-first" } } }),
    expect: passed({ tiers: { install: "passed", upgrade: "passed" } }),
  },
  { name: "two-replicas", about: "two tasks behind one name", head: app({ deploy: { replicas: 2 } }), expect: passed() },
  { name: "lint-only", about: "depends on a service that is not there, which Swarm ignores", head: app({ depends_on: ["db"] }), expect: passed({ lint: "fail", warning: /dangling-depends-on/ }) },
];
