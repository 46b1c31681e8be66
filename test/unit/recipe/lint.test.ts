import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { envValues } from "../../../harness/recipe/envfile.ts";
import { type Finding, findingLine, invalidCompose } from "../../../harness/recipe/lint/finding.ts";
import { staticFindings } from "../../../harness/recipe/lint/lint.ts";
import { readForLint } from "../../../harness/recipe/lint/read.ts";
import type { LintRecipe } from "../../../harness/recipe/lint/recipe.ts";

let dir: string;
let count = 0;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "recipe-ci-lint-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const stack = "lint_ci_test";

type Files = Readonly<Record<string, string>>;

/** A recipe of these files, read as a new app named by `stack` has it. */
async function read(files: Files): Promise<LintRecipe> {
  const own = join(dir, String(count++));
  const all = { ".env.sample": "TYPE=x\n", ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    writeFileSync(join(own, name), text);
  }
  return readForLint(own, { ...envValues(all[".env.sample"]), STACK_NAME: stack }, stack);
}

/** Everything that a service `web` of these lines, beside a plain `app`, is found to have. */
async function found(lines: string, top = "", more: Files = {}): Promise<Finding[]> {
  const indented = lines.split("\n").map((line) => `    ${line}\n`).join("");
  const image = /^image:/m.test(lines) ? "" : "    image: x:1\n";
  const compose = `version: "3.8"\nservices:\n  app:\n    image: x:1\n  web:\n${image}${indented}${top}\n`;
  return staticFindings(await read({ "compose.yml": compose, ...more }), null);
}

const rules = async (...of: Parameters<typeof found>) => (await found(...of)).map(({ rule, severity, service }) => `${service} ${rule} ${severity}`);
const proxy = "networks: {proxy: {external: true}, internal: {}}";

describe("images", () => {
  it.each([
    ["x:1", []],
    ["nginx", ["web no-tag error"]],
    ["host:5000/nginx", ["web no-tag error"]],
    ["nginx:latest", ["web moving-tag error"]],
    ["nginx:stable", ["web moving-tag error"]],
    ["nginx:1.27", []],
    [`nginx@sha256:${"0".repeat(64)}`, []],
    ['""', ["web no-image fatal"]],
  ])("%s", async (image, expected) => expect(await rules(`image: ${image}`)).toEqual(expected));
});

describe("references", () => {
  it("finds what is used and not declared", async () => {
    expect(await rules("secrets: [a]\nconfigs: [b]\nvolumes: ['c:/c']\nnetworks: [d]\ndepends_on: [e]")).toEqual([
      "web undeclared-secret fatal", "web undeclared-config fatal", "web undeclared-volume fatal", "web undeclared-network fatal", "web dangling-depends-on error",
    ]);
  });

  const secret = "secrets: {a: {external: true, name: '${STACK_NAME}_a_${SECRET_A_VERSION}'}}";

  it("finds a secret whose version nobody set", async () => {
    expect(await rules("secrets: [a]", secret)).toEqual(["web secret-without-version fatal"]);
    expect(await rules("secrets: [a]", secret, { ".env.sample": "SECRET_A_VERSION=v1\n" })).toEqual([]);
  });

  it("finds a secret that nobody uses", async () => {
    expect(await rules("", secret, { ".env.sample": "SECRET_A_VERSION=v1\n" })).toEqual(["null unused-secret error"]);
  });

  it("finds a secret's version that no compose file names, and takes an optional file's for used", async () => {
    expect(await rules("", "", { ".env.sample": "SECRET_A_VERSION=v1\n" })).toEqual(["null secret-of-nobody error"]);
    expect(await rules("", "", { ".env.sample": "SECRET_A_VERSION=v1\n", "compose.a.yml": secret })).toEqual([]);
  });

  it("finds a config without its file", async () => {
    expect(await rules("configs: [a]", "configs: {a: {file: a.conf}}")).toEqual(["web config-file-missing fatal"]);
    expect(await rules("configs: [a]", "configs: {a: {file: a.conf}}", { "a.conf": "x" })).toEqual([]);
  });
});

describe("incident 25: app on a shared network", () => {
  it.each([
    ['networks: [proxy]\nenvironment: {UPSTREAM: "http://app:80"}', ["web app-alias-on-shared-network error"]],
    ['networks: [proxy]\nenvironment: {UPSTREAM: "http://${STACK_NAME}_app:80"}', []],
    ["networks: {proxy: {aliases: [app]}}", ["web app-alias-on-shared-network error"]],
    ['networks: [internal]\nenvironment: {UPSTREAM: "http://app:80"}', []],
  ])("%s", async (lines, expected) => expect(await rules(lines, proxy)).toEqual(expected));
});

describe("durations", () => {
  it.each([
    ["healthcheck: {start_period: 1m30s}", []],
    ["stop_grace_period: 1.5h", []],
    ["stop_grace_period: 30 seconds", ["web no-duration fatal"]],
    ["stop_grace_period: 30", ["web no-duration fatal"]],
    ["healthcheck: {interval: 1d}", ["web no-duration fatal"]],
    ["healthcheck: {start_period: '${START:-30s}'}", ["web variable-duration error"]],
    ["healthcheck: {start_period: '${START:-30}'}", ["web no-duration error"]],
    ["deploy: {update_config: {monitor: '${M}'}}", ["web no-duration error"]],
  ])("%s", async (lines, expected) => expect(await rules(lines)).toEqual(expected));
});

describe("health checks", () => {
  const withTimeout = (label: string, lines: string) =>
    read({ "compose.yml": `services:\n  app:\n    image: x:1\n    deploy: {labels: ["coop-cloud.\${STACK_NAME}.timeout=${label}"]}\n  web:\n    image: x:1\n    ${lines}\n`, ".env.sample": "TIMEOUT=600\n" });

  it.each([
    ["300", "healthcheck: {test: x, start_period: 5m}", []],
    ["300", "healthcheck: {test: x, start_period: 6m}", ["start-period-over-timeout"]],
    ["${TIMEOUT:-60}", "healthcheck: {test: x, start_period: 6m}", []],
    ["300", "healthcheck: {test: NONE, start_period: 6m}", []],
  ])("timeout %s, %s", async (label, lines, expected) => {
    expect(staticFindings(await withTimeout(label, lines), null).map(({ rule }) => rule)).toEqual(expected);
  });

  it("abra's own limit counts where no label says another", async () => {
    expect(await rules("healthcheck: {test: x, start_period: 301s}")).toEqual(["web start-period-over-timeout error"]);
  });

  it("incident 24: a service that keeps data and is killed soon is worth a word", async () => {
    const volume = "volumes: {d: {}}";
    expect(await rules("healthcheck: {test: x, interval: 2s, retries: 5}\nvolumes: ['d:/d']", volume)).toEqual(["web short-start-period advice"]);
    expect(await rules("healthcheck: {test: x, interval: 2s, retries: 5, start_period: 1m}\nvolumes: ['d:/d']", volume)).toEqual([]);
    expect(await rules("healthcheck: {test: x}\nvolumes: ['d:/d']", volume)).toEqual([]);
  });
});

describe("updates and the host", () => {
  it.each([
    ["deploy: {update_config: {order: start-first, failure_action: rollback}}", ["web start-first-with-rollback advice"]],
    ["deploy: {update_config: {failure_action: rollback}}", []],
    ["deploy: {update_config: {order: start-first}}\nports: [{target: 80, published: 8080, mode: host}]", ["web start-first-with-host-port error", "web host-port advice"]],
    ["volumes: ['./data:/data']", ["web relative-host-path error"]],
    ["volumes: ['/srv/data:/data']", ["web host-path error"]],
    ["volumes: [{type: bind, source: /srv/data, target: /data}]", ["web host-path error"]],
    ["volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']", ["web host-path advice"]],
    ["volumes: ['/data']", []],
    ["ports: ['8080:80']", ["web host-port advice"]],
    ["ports: ['443:443']", ["web port-of-the-edge error"]],
    ["ports: ['443:443/udp']", ["web host-port advice"]],
    ["ports: ['80']", []],
  ])("%s", async (lines, expected) => expect(await rules(lines)).toEqual(expected));

  it("a volume whose name is not the app's alone", async () => {
    const named = async (name: string) => (await rules("volumes: ['d:/d']\nhealthcheck: {test: x, start_period: 1m}", `volumes: {d: {name: '${name}'}}`)).filter((one) => !one.includes("short-start"));
    expect(await named("media")).toEqual(["web fixed-volume-name error"]);
    expect(await named("${STACK_NAME}_media")).toEqual([]);
  });

  it("one port twice", async () => {
    const compose = "services:\n  app: {image: 'x:1', ports: ['25:25']}\n  web: {image: 'x:1', ports: ['25:2525']}\n";
    expect(staticFindings(await read({ "compose.yml": compose }), null).filter(({ rule }) => rule === "port-twice")).toMatchObject([{ service: "web", text: expect.stringContaining("app and web") }]);
  });
});

describe("labels", () => {
  it.each([
    "traefik.enable", "traefik.docker.network", "traefik.swarm.network", "traefik.http.routers.${STACK_NAME}.rule", "traefik.http.routers.${STACK_NAME}-ws.tls.certresolver",
    "traefik.http.routers.x.tls.domains[0].main", "traefik.http.services.x.loadbalancer.server.port", "traefik.http.middlewares.x.headers.customRequestHeaders.X-A",
    "traefik.http.middlewares.x.plugin.bouncer.enabled", "traefik.tcp.routers.x.rule", "traefik.udp.services.x.loadbalancer.server.port",
    "coop-cloud.${STACK_NAME}.version", "coop-cloud.${STACK_NAME}.app.version", "com.example.anything", "caddy",
  ])("%s is read by somebody", async (label) => expect(await rules(`deploy: {labels: ["${label}=x"]}`)).toEqual([]));

  it.each([
    ["traefik.http.routers.${STACK_NAME}.entrypoint", "write traefik.http.routers.${STACK_NAME}.entrypoints"],
    ["traefik.enabled", "write traefik.enable"],
    ["trafik.enable", "write traefik.enable"],
    ["traefik.frontend.rule", "take it out, or correct it"],
    ["traefik.http.services.x.loadbalancer.port", "take it out, or correct it"],
    ["backup-bot.backup", "write backupbot.backup"],
    ["coop-cloud.${STACK_NAME}.timout", "write coop-cloud.${STACK_NAME}.timeout"],
    ["coop-cloud.other.version", "write coop-cloud.${STACK_NAME}.version"],
  ])("%s is not: %s", async (label, remedy) => {
    expect(await found(`deploy: {labels: ["${label}=x"]}`)).toMatchObject([{ rule: "unknown-label", severity: "error", service: "web", file: "compose.yml", remedy }]);
  });

  it("a variable in a mapping's key stays as it is", async () => {
    expect(await found('deploy: {labels: {"coop-cloud.${STACK_NAME}.version": x}}')).toMatchObject([{ rule: "unknown-label", remedy: "write labels as a list of key=value" }]);
  });

  it("labels of the container are not those of the service", async () => {
    expect(await found('labels: ["traefik.enable=true", "com.example=1"]')).toMatchObject([{ rule: "misplaced-label", text: expect.stringContaining("traefik.enable stands") }]);
  });
});

describe("backup", () => {
  const volume = "volumes: {d: {}}";

  it.each([
    ["backupbot.backup=true, backupbot.backup.volumes.d.path=dump", []],
    ["backupbot.backup=true, backupbot.backup.prehook=x", ["web backup-unknown-label error"]],
    ["backupbot.backup=true, backupbot.backup.volumes.e=false", ["web backup-unknown-volume error"]],
    ["backupbot.backup.volumes.d.path=dump", ["web backup-not-enabled error"]],
    ["backupbot.backup=true, backupbot.backup.pre-hook=dump", ["web backup-without-restore-hook advice"]],
  ])("%s", async (labels, expected) => expect(await rules(`volumes: ['d:/d']\ndeploy: {labels: [${labels}]}`, volume)).toEqual(expected));

  it("has a remedy", async () => {
    expect(await found("volumes: ['d:/d']\ndeploy: {labels: [backupbot.backup.volumes.d.path=dump]}", volume)).toMatchObject([{ file: "compose.yml", remedy: "add backupbot.backup=true to one service" }]);
  });
});

describe("since base", () => {
  const compose = "services: {app: {image: 'x:1', configs: [page]}}\nconfigs: {page: {name: '${STACK_NAME}_page_${PAGE_VERSION}', file: page.html}}\n";
  const tree = (page: string, version: string, more: Files = {}) => read({ "compose.yml": compose, "page.html": page, "abra.sh": `export PAGE_VERSION=${version}\n`, ...more });

  it("a config that changed wants a new version", async () => {
    const base = await tree("one", "v1");
    expect(staticFindings(await tree("two", "v2"), base)).toEqual([]);
    expect(staticFindings(await tree("one", "v1"), base)).toEqual([]);
    expect(staticFindings(await tree("two", "v1"), base)).toMatchObject([
      { rule: "config-not-bumped", severity: "error", service: "app", file: "abra.sh", remedy: "raise PAGE_VERSION", text: expect.stringContaining("${STACK_NAME}_page_v1") },
    ]);
  });

  const sample = "NAME=x\nSECRET_KEY_VERSION=v1\n";
  const secret = { "compose.key.yml": "# ${SECRET_KEY_VERSION}\n" };

  it("new settings want a release note that names them", async () => {
    const base = await tree("one", "v1", { "release/1": "NAME, SECRET_KEY_VERSION: an old note" });
    const head = (note: Files) => tree("one", "v1", { ".env.sample": sample, ...secret, "release/1": "NAME, SECRET_KEY_VERSION: an old note", ...note });
    expect(staticFindings(await head({}), base)).toMatchObject([{ rule: "unmentioned-settings", file: ".env.sample", text: expect.stringMatching(/^NAME, the secret key are new/) }]);
    expect(staticFindings(await head({ "release/2": "Set NAME." }), base)).toMatchObject([{ text: expect.stringMatching(/^the secret key is new/) }]);
    expect(staticFindings(await head({ "release/next": "Set NAME and generate the secret key." }), base)).toEqual([]);
  });
});

it("names the file that says it last, and the fatal first", async () => {
  const findings = staticFindings(await read({
    ".env.sample": "COMPOSE_FILE=compose.yml:compose.more.yml\n",
    "compose.yml": "services:\n  app: {image: 'x:1'}\n  web: {image: nginx}\n",
    "compose.more.yml": "services:\n  web: {image: 'nginx:latest', secrets: [a]}\n",
  }), null);
  expect(findings.map(findingLine)).toEqual([
    "compose.more.yml: service web uses the secret a, which the compose files do not declare; declare it under secrets (undeclared-secret)",
    "compose.more.yml: service web: image nginx:latest follows the moving tag latest; pin a version (moving-tag)",
  ]);
});

it("an undeclared secret makes the recipe invalid, naming service and secret", async () => {
  const reason = invalidCompose(await found("secrets: [db_password]"));
  expect(reason).toMatchObject({ class: "invalid-compose", service: "web", summary: expect.stringContaining("db_password") });
  expect(invalidCompose(await found("image: nginx"))).toBeNull();
});
