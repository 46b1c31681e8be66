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
