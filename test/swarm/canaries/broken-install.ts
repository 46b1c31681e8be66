import { type Canary, failed } from "./canary.ts";

const sh = (script: string) => ["sh", "-c", script];
const app = (edit: object) => ({ compose: { services: { app: edit } } });
/** Nobody waits ten minutes for a page that will not come. */
const impatient = { ".recipe-ci/recipe.json": '{"timeouts": {"ready": 10}}' };
const serve = "exec nginx -g 'daemon off;'";

/** Recipes of which head is broken on its own, before it is deployed or when it is. */
export const brokenInstalls: readonly Canary[] = [
  { name: "wrong-image", about: "the image's tag does not exist", head: app({ image: "nginx:1.27-no-such-tag" }), expect: failed("image-missing", "app") },
  {
    name: "registry-silent", incident: 23, about: "the image's registry does not answer: nobody's fault", head: app({ image: "registry.invalid/web:1" }),
    expect: { verdict: "infra", class: "image-pull", service: "app" },
  },
  { name: "secret-undeclared", about: "a secret that no file declares", head: app({ secrets: ["api_key"] }), expect: failed("invalid-compose", "app", { words: /api_key/, lint: "fail" }) },
  {
    name: "secret-missing", about: "a secret without a version in .env.sample",
    head: { compose: { services: { app: { secrets: ["api_key"] } }, secrets: { api_key: { external: true, name: "${STACK_NAME}_api_key_${SECRET_API_KEY_VERSION}" } } } },
    expect: failed("invalid-compose", "app", { words: /SECRET_API_KEY_VERSION|api_key/, lint: "fail" }),
  },
  { name: "config-file-missing", about: "a config whose file is not in the recipe", head: { files: { "index.html": null } }, expect: failed("invalid-compose", "app", { words: /index\.html/, lint: "fail" }) },
  {
    name: "overlay-missing", about: "COMPOSE_FILE names a file that is not there", head: { sample: 'COMPOSE_FILE="compose.yml:compose.more.yml"' },
    expect: failed("invalid-compose", null, { words: /compose\.more\.yml/, lint: "fail" }),
  },
  { name: "no-duration", about: "stop_grace_period: 30 seconds", head: app({ stop_grace_period: "30 seconds" }), expect: failed("invalid-compose", "app", { words: /stop_grace_period/, lint: "fail" }) },
  {
    name: "variable-duration", about: "a duration that is a variable, which abra refuses", head: app({ healthcheck: { start_period: "${START:-30s}" } }),
    expect: failed("invalid-compose", "app", { words: /start_period/, warning: /start_period.*written out/ }),
  },
  { name: "wrong-port", about: "Traefik is sent to a port where nothing listens", head: app({ deploy: { labels: { "traefik.http.services.${STACK_NAME}.loadbalancer.server.port": "8081" } } }), expect: failed("wrong-port", "app") },
  {
    name: "no-route", incident: 14, about: "Traefik's rule is for another host",
    head: { ...app({ deploy: { labels: { "traefik.http.routers.${STACK_NAME}.rule": "Host(`other.example.com`)" } } }), files: impatient },
    expect: failed("unreachable", "app", { words: /404/ }),
  },
  {
    name: "answers-500", about: "every page is an error",
    head: { compose: { services: { app: { configs: [{ source: "page", target: "/etc/nginx/conf.d/default.conf" }] } }, configs: { page: { file: "site.conf" } } }, files: { ...impatient, "site.conf": "server { listen 80; return 500; }\n" } },
    expect: failed("unreachable", "app", { words: /500/ }),
  },
  { name: "exits-at-start", about: "the program exits with 7", head: app({ command: sh("echo no settings file >&2; exit 7") }), expect: failed("crash-loop", "app", { words: /7/ }) },
  { name: "exits-with-0", about: "a daemon that exits with 0 again and again", head: app({ command: ["true"] }), expect: failed("exit-zero-loop", "app") },
  { name: "program-missing", about: "a command that the image does not have", head: app({ command: ["no-such-program"] }), expect: failed("rejected", "app", { words: /no-such-program/ }) },
  { name: "host-path-missing", about: "a mount of a path that the host lacks", head: app({ volumes: ["/no/such/path:/data"] }), expect: failed("rejected", "app", { words: /no\/such\/path/ }) },
  {
    name: "never-healthy", about: "a health check that never passes", head: app({ command: sh("sleep 1000"), healthcheck: { test: ["CMD", "false"], retries: 2, start_period: "1s" } }),
    expect: failed("unhealthy-loop", "app"),
  },
  {
    name: "unhealthy-and-polite", about: "a health check that never passes, of a program that ends with 0 when it is stopped for that", head: app({ healthcheck: { test: ["CMD", "false"], retries: 2, start_period: "1s" } }),
    expect: failed("unhealthy-loop", "app"),
  },
  {
    name: "dies-later", about: "up for 3 s, again and again", head: { ...app({ command: sh(`nginx; sleep 3; exit 1`), healthcheck: null }), files: { ".recipe-ci/recipe.json": '{"restarts": {"failures": 2}}' } },
    expect: failed("crash-loop", "app", { words: /2 failures/ }),
  },
  {
    name: "dies-at-12-s", about: "gives up after 12 s, again and again, and nobody checks its health", head: { ...app({ command: sh(`nginx; sleep 12; exit 1`), healthcheck: null }), files: { ".recipe-ci/recipe.json": '{"restarts": {"failures": 2}}' } },
    expect: failed("crash-loop", "app", { words: /2 failures/, tiers: { install: "passed" } }),
  },
  {
    name: "database-loops", about: "the database loops, and the app because of it",
    head: { compose: { services: {
      app: { command: sh("curl -fsS http://${STACK_NAME}_db/ || exit 1; " + serve), environment: { DB_HOST: "${STACK_NAME}_db" }, depends_on: ["db"] },
      db: { image: "nginx:1.27", command: sh("echo data files are newer >&2; exit 3"), networks: ["internal"], deploy: { restart_policy: { delay: "500ms" } } },
    } } },
    expect: failed("crash-loop", "db", { words: /3/ }),
  },
  {
    name: "sidecar-loops", about: "the page works and a service beside it loops",
    head: { compose: { services: { worker: { image: "nginx:1.27", command: sh("sleep 1; exit 1"), networks: ["internal"], deploy: { restart_policy: { delay: "500ms" } } } } } },
    expect: failed("crash-loop", "worker"),
  },
  {
    name: "port-twice", about: "two services want the same port of the host",
    head: { compose: { services: { app: { ports: [{ target: 80, published: 18080, mode: "host" }] }, web: { image: "nginx:1.27", networks: ["internal"], ports: [{ target: 80, published: 18080, mode: "host" }] } } } },
    // The engine creates the services of a stack in any order: the later one waits for the port of the earlier.
    expect: failed("port-conflict", ["app", "web"], { words: /host port 18080 is held by (app|web) of the same stack/ }),
  },
];
