import { type Canary, type Edit, failed, passed, unverified } from "./canary.ts";

/** What a complete dump of Postgres begins and ends with. */
const dump = ["-- PostgreSQL database dump", "CREATE TABLE notes (text text);", "-- PostgreSQL database dump complete"];
const writes = (lines: readonly string[], to: string) => `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")} > ${to}`;

/** An app that keeps a folder, with these labels for the bot; what it keeps is a page of its own besides. */
const keeping = (labels: Readonly<Record<string, string>>): Edit => ({
  compose: {
    services: { app: { command: ["sh", "-c", "echo kept > /data/first.txt; exec nginx -g 'daemon off;'"], volumes: ["data:/data"], deploy: { labels: { "backupbot.backup": "true", ...labels } } } },
    volumes: { data: {} },
  },
});

const hooked = (pre: string, more: Readonly<Record<string, string>> = {}): Edit =>
  keeping({ "backupbot.backup.volumes.data.path": "backup.sql", "backupbot.backup.pre-hook": `sh -c "${pre}"`, "backupbot.restore.post-hook": "true", ...more });

/** As the bot's own schedule would, and under the app's own name. */
const backedUpBetween = `import { execFileSync } from "node:child_process";
const note = async (app, script) => (await app.exec("app", ["sh", "-ec", script])).stdout.trim();
export const seed = (app) => note(app, "echo kept > /data/note.txt");
export async function mutate(app) {
  await note(app, "echo spoilt > /data/note.txt");
  const bot = execFileSync("docker", ["ps", "-q", "-f", "label=com.docker.swarm.service.name=bot_app"], { encoding: "utf8" }).trim();
  execFileSync("docker", ["exec", "-e", "SERVICE=" + app.domain, bot, "/usr/bin/backup", "--", "create"]);
}
export async function verify(app) {
  const is = await note(app, "cat /data/note.txt");
  if (is !== "kept") throw new Error("the note says " + is);
}
`;

/** As somebody who loses patience once the pre-hook runs. */
const interruptedBackup = `import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
export async function seed(app) {
  const build = readFileSync("/var/tmp/canaries/cancelled-in-backup.pid", "utf8").trim();
  const begun = "docker exec $(docker ps -q -f label=com.docker.swarm.service.name=" + app.context.stack + "_app | head -n 1) test -e /data/begun";
  spawn("sh", ["-c", "for try in $(seq 300); do if " + begun + "; then kill -INT " + build + "; exit; fi; sleep 0.2; done"], { detached: true, stdio: "ignore" }).unref();
}
`;

/** A service beside the app, with a volume of its name. */
const beside = (name: string): Edit => ({ compose: { services: { [name]: { image: "nginx:1.27", networks: ["internal"], volumes: [`${name}:/srv`] } }, volumes: { [name]: {} } } });

/** Recipes whose backup or restore is not what it says. */
export const backups: readonly Canary[] = [
  { name: "backed-up", about: "a volume that is taken and comes back whole", head: keeping({}), expect: passed({ tiers: { backup: "passed", restore: "passed" } }) },
  { name: "dump-empty", incident: 12, about: "the dump is an empty file", head: hooked(": > /data/backup.sql"), expect: failed("tests-failed", null, { words: /empty/, tiers: { install: "passed", backup: "failed" } }) },
  { name: "dump-truncated", incident: 12, about: "the dump breaks off before its end", head: hooked(writes(dump.slice(0, 2), "/data/backup.sql")), expect: failed("tests-failed", null, { words: /backup\.sql/, tiers: { backup: "failed" } }) },
  { name: "dump-elsewhere", incident: 12, about: "the dump lands beside the captured path", head: hooked(writes(dump, "/data/dump.sql")), expect: failed("tests-failed", null, { words: /abra app backup create says/, tiers: { backup: "failed" } }) },
  { name: "dump-hook-fails", incident: 12, about: "the command that dumps ends with 1", head: hooked("exit 1"), expect: failed("tests-failed", null, { tiers: { backup: "failed" } }) },
  { name: "restore-brings-older", about: "the restore hook puts something older over what was restored", head: keeping({ "backupbot.restore.post-hook": 'sh -c "find /data -mindepth 1 -delete; echo older > /data/first.txt"' }), expect: failed("tests-failed", null, { tiers: { backup: "passed", restore: "failed" } }) },
  {
    name: "newer-snapshot", about: "somebody else backs the app up between its backup and its restore, when its data is spoilt", head: { ...keeping({}), files: { ".recipe-ci/hooks.ts": backedUpBetween } },
    expect: passed({ tiers: { backup: "passed", restore: "passed" } }),
  },
  {
    name: "cancelled-in-backup", about: "interrupted while the bot backs it up, which goes on there: its late snapshot is not left behind",
    head: { ...hooked(`touch /data/begun; sleep 8; ${writes(dump, "/data/backup.sql")}`), files: { ".recipe-ci/hooks.ts": interruptedBackup } },
    expect: { verdict: "interrupted", class: "interrupted", service: null, tiers: { install: "passed" } },
  },
  { name: "labels-without-bot", about: "labels for a backup that nobody switched on", head: keeping({ "backupbot.backup": "false" }), expect: passed({ tiers: { backup: "skipped", restore: "skipped" } }) },
  {
    name: "volume-lost", about: "head calls the volume otherwise: what base kept is gone", base: keeping({}),
    head: { compose: { services: { app: { command: ["sh", "-c", "echo kept > /data/first.txt; exec nginx -g 'daemon off;'"], volumes: ["content:/data"], deploy: { labels: { "backupbot.backup": "true" } } } }, volumes: { content: {} } } },
    expect: failed("tests-failed", null, { tiers: { install: "passed", upgrade: "failed" } }),
  },
  {
    name: "service-renamed", about: "a service and its volume have other names in head, and nobody shows what became of its data", base: beside("store"), head: beside("keeper"),
    expect: unverified("tier-unverified", null, { words: /volume keeper/, tiers: { install: "passed", upgrade: "unverified" } }),
  },
  {
    name: "volume-given-up", about: "head has no place for a service of base, nor for its volume", base: beside("store"), head: {},
    expect: passed({ tiers: { upgrade: "passed" }, warning: /volume store was planted, and .* has no place for it/ }),
  },
];
