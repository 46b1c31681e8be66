import type { Service } from "../specs.ts";
import { counted, crashes, needsFile, type Plot, sleeps, slowDatabase, waits } from "./plot.ts";

/** One node; all is up when the change comes. Looped new versions differ from old ones by their script. */

const changeAt = 25;
const fastDatabase = slowDatabase(1);
const waitsForNew: Service = { script: needsFile("db2"), env: { DB_HOST: "db" } };
const oldVersion: Service = { script: "echo old; exec sleep infinity" };

/** Takes its file away when it is stopped. */
const stoppable = (seconds: number): Service => ({
  script: `trap 'rm -f /shared/db; exit 0' TERM QUIT; sleep ${seconds}; touch /shared/db /tmp/ok; sleep infinity & wait`,
  health: { test: "test -f /tmp/ok", every: 3, retries: 100 },
});
/** Lives as long as its database does. */
const follows: Service = {
  script: "test -f /shared/db || { sleep 1; exit 1; }; while test -f /shared/db; do sleep 1; done; exit 1",
  env: { DB_HOST: "db" },
};
const stubborn = { script: "trap '' TERM QUIT; sleep infinity", hostPort: 8094, grace: 12 } as const;

/** Deploys, and at second 25 changes. */
function upgrade(name: string, seconds: number, before: Plot["services"], after: Plot["services"]): Plot {
  return {
    name,
    seconds: changeAt + seconds,
    services: before,
    play: async (s) => {
      await s.deploy(before);
      await s.at(changeAt);
      await s.change(after);
    },
  };
}

export const upgrades: readonly Plot[] = [
  upgrade("upgrade-with-60-s-migration", 105, { db: fastDatabase, app: { ...waits, update: { action: "continue" } } }, {
    db: slowDatabase(60, "db2"),
    app: { ...waitsForNew, update: { action: "continue" } },
  }),
  upgrade("paused-and-up", 90, { db: fastDatabase, app: waits }, { db: slowDatabase(40, "db2"), app: waitsForNew }),
  upgrade("paused-and-stuck", 40, { app: { ...oldVersion, replicas: 2, update: { delay: 5 } } }, { app: { ...crashes, replicas: 2, update: { delay: 5 } } }),
  upgrade("paused-and-looping", 45, { app: { ...oldVersion, replicas: 2 } }, { app: { ...crashes, replicas: 2 } }),
  upgrade("rolled-back-and-healthy", 40, { app: { ...oldVersion, update: { action: "rollback" } } }, { app: { ...crashes, update: { action: "rollback" } } }),
  {
    name: "stale-paused-from-before",
    seconds: 95,
    services: { db: oldVersion, app: oldVersion },
    play: async (s) => {
      await s.deploy({ db: oldVersion, app: oldVersion });
      await s.at(15);
      await s.change({ db: { script: "mkdir /shared/once 2>/dev/null && { sleep 1; exit 1; }; exec sleep infinity" } }, { only: true });
      await s.at(60);
      await s.change({ app: { script: "echo new; exec sleep infinity" } }, { only: true });
    },
  },
  upgrade("outgoing-task-ends-143", 40, { app: { script: "trap 'exit 143' TERM QUIT; sleep infinity & wait" } }, { app: sleeps }),
  upgrade("host-port-start-first", 30, { app: { ...oldVersion, hostPort: 8095, update: { order: "start-first" } } }, { app: { ...sleeps, hostPort: 8095, update: { order: "start-first" } } }),
  {
    name: "service-removed-and-created-again",
    seconds: 75,
    services: { app: crashes },
    play: async (s) => {
      await s.deploy({ app: crashes });
      await s.at(18);
      await s.again("app", { script: counted("case $n in 0|1) sleep 1; exit 1;; esac; exec sleep infinity") });
    },
  },
  upgrade("upgrade-new-version-loops", 50, { db: fastDatabase, app: { ...waits, update: { action: "continue" } } }, { app: { ...crashes, env: { DB_HOST: "db" }, update: { action: "continue" } } }),
  upgrade("upgrade-changes-nothing", 25, { db: fastDatabase, app: waits }, {}),
  {
    name: "upgrade-mends-a-loop",
    seconds: 50,
    services: { app: crashes },
    play: async (s) => {
      await s.deploy({ app: crashes });
      await s.at(12);
      await s.change({ app: sleeps });
    },
  },
  upgrade("upgrade-adds-a-service", 35, { app: oldVersion }, { app: { ...sleeps, env: { CACHE_HOST: "cache" } }, cache: sleeps }),
  upgrade("db-restarts-under-the-app", 70, { db: stoppable(1), app: follows }, { db: stoppable(25) }),
  upgrade("host-port-slow-stop", 50, { app: { ...stubborn, script: `${stubborn.script} # old` } }, { app: stubborn }),
  upgrade("upgrade-start-first", 50, { app: { ...oldVersion, update: { order: "start-first" } } }, { app: { ...slowDatabase(10), update: { order: "start-first" } } }),
];
