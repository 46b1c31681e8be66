import { type Canary, type Edit, failed, passed, unverified } from "./canary.ts";
import { of } from "./extra.ts";

const serve = "exec nginx -g 'daemon off;'";

/** An app with data, that starts with this script. */
const keeping = (script: string, labels: Readonly<Record<string, string>> = {}): Edit => ({
  compose: { services: { app: { command: ["sh", "-c", `${script}; ${serve}`], volumes: ["data:/data"], deploy: { labels } } }, volumes: { data: {} } },
});

const kept = keeping("echo kept > /data/first.txt");
const withdrawn: Edit = { compose: { services: { app: { image: "nginx:1.27-withdrawn" } } } };
const upgraded = { install: "passed", upgrade: "passed" } as const;

/** Recipes that are as good as any until their past is looked at: older versions, the way back, a backup of what is gone. */
export const pasts: readonly Canary[] = [
  {
    name: "from-afar", about: "head is reached from an older version, and base from head; another version's image was withdrawn", older: [withdrawn, kept], base: kept,
    ...of(["upgrade-from", "rollback"], kept),
    expect: passed({
      tiers: { ...upgraded, extra: "passed" },
      tests: ["upgrade-from 0.0.2+1.27: what was planted in the older version's volumes and databases is still there", "rollback: the labels on app are base's", "rollback: what was planted in head's volumes and databases is still there"],
      note: /from 0\.0\.1\+1\.27: not tried, .*1\.27-withdrawn does not exist/,
    }),
  },
  {
    name: "migration-left-out", about: "head no longer knows the data of two versions ago", older: [keeping("echo 1 > /data/format")], base: keeping("echo 2 > /data/format"),
    ...of(["upgrade-from"], keeping("if grep -qx 1 /data/format; then exit 9; fi; echo 2 > /data/format")),
    expect: failed("tests-failed", null, { words: /upgrade-from: from 0\.0\.1\+1\.27: app/, tiers: { ...upgraded, extra: "failed" } }),
  },
  {
    name: "ancestor-crashes", about: "an older version exits at its start", older: [{ compose: { services: { app: { command: ["false"] } } } }], base: {},
    ...of(["upgrade-from"], {}),
    expect: unverified("tier-unverified", null, { words: /0\.0\.1\+1\.27 can't be deployed any more/, tiers: { ...upgraded, extra: "unverified" } }),
  },
  {
    name: "there-and-back", about: "a backup brings everything back to a fresh installation",
    ...of(["restore-fresh"], keeping("echo kept > /data/first.txt", { "backupbot.backup": "true" })),
    expect: passed({ tiers: { restore: "passed", extra: "passed" }, tests: ["restore-fresh: abra restored this run's snapshot", "restore-fresh: what was removed and changed is back as it was"] }),
  },
  {
    name: "restored-in-place-only", about: "the restore unpacks an archive that lies in a volume which is not taken",
    ...of(["restore-fresh"], {
      compose: {
        services: { app: {
          command: ["sh", "-c", `echo kept > /data/first.txt; ${serve}`], volumes: ["data:/data", "dumps:/dumps"],
          deploy: { labels: { "backupbot.backup": "true", "backupbot.backup.volumes.dumps": "false", "backupbot.backup.pre-hook": 'sh -c "tar cf /dumps/last.tar -C /data ."', "backupbot.restore.post-hook": 'sh -c "find /data -mindepth 1 -delete; tar xf /dumps/last.tar -C /data"' } },
        } },
        volumes: { data: {}, dumps: {} },
      },
    }),
    expect: failed("tests-failed", null, { words: /^restore-fresh: what was removed and changed is back as it was: /, tiers: { backup: "passed", restore: "passed", extra: "failed" } }),
  },
  {
    name: "one-way-migration", about: "base does not start on what head left", base: keeping("test ! -e /data/new || exit 9"),
    ...of(["rollback"], keeping("touch /data/new")),
    expect: failed("tests-failed", null, { words: /rollback: 0\.1\.0\+1\.27 runs on what head left: .*skip: \{ "rollback"/, tiers: { ...upgraded, extra: "failed" } }),
  },
];
