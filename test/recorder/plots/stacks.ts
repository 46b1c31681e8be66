import { counted, crashes, exits, type Plot, sleeps, slowDatabase, waits } from "./plot.ts";

/** One node, one deploy. */
export const stacks: readonly Plot[] = [
  { name: "healthy-stack", seconds: 35, services: { web: { command: ["nginx", "-g", "daemon off;"], env: { DB_HOST: "db" } }, db: slowDatabase(8), worker: sleeps } },
  { name: "exits-1-s-after-start", seconds: 40, services: { app: crashes } },
  { name: "lives-40-s-and-exits", seconds: 200, services: { app: { script: exits(1, 40) } } },
  { name: "exit-zero-loop", seconds: 40, services: { app: { script: exits(0, 1) } } },
  { name: "exit-zero-on-a-schedule", seconds: 75, services: { cron: { script: exits(0, 1), restart: { condition: "any", delay: 15 } } } },
  { name: "one-shot-finished", seconds: 30, services: { migrate: { script: exits(0, 2), restart: { condition: "on-failure" } }, web: sleeps } },
  { name: "one-shot-fails", seconds: 25, services: { init: { script: exits(1, 1), restart: { condition: "none" } } } },
  { name: "replicas-zero", seconds: 25, services: { tools: { replicas: 0 }, web: sleeps } },
  { name: "max-attempts-used-up", seconds: 35, services: { app: { ...crashes, restart: { attempts: 2 } } } },
  { name: "max-attempts-window-never-ends", seconds: 45, services: { app: { ...crashes, restart: { attempts: 2, window: 5 } } } },
  { name: "image-missing-by-registry", seconds: 25, services: { app: { image: "nginx:9.99" } }, missingImages: ["docker.io/library/nginx:9.99"] },
  { name: "no-registry-at-all", seconds: 25, services: { app: { image: "registry.invalid/app:1" } } },
  { name: "app-crashes-until-db-healthy", seconds: 135, services: { db: slowDatabase(88), app: waits } },
  {
    name: "app-crashes-until-db-listens",
    seconds: 135,
    services: { db: { script: "sleep 88; touch /shared/db; exec nginx -g 'daemon off;'" }, app: waits },
  },
  { name: "app-crashes-db-loops", seconds: 50, services: { db: { script: exits(1, 2) }, app: waits } },
  { name: "app-crashes-although-db-is-healthy", seconds: 60, services: { db: slowDatabase(8), app: { ...crashes, env: { DATABASE_URL: "postgres://app@db:5432/app" } } } },
  {
    name: "app-crashes-until-db-is-back-on-restore",
    seconds: 120,
    services: {
      db: {
        script: "test -f /shared/seed && { rm -f /shared/db; sleep 45; }; touch /shared/seed /shared/db /tmp/ok; exec sleep infinity",
        health: { test: "test -f /tmp/ok", every: 3, retries: 100 },
      },
      app: waits,
    },
    play: async (s) => {
      await s.deploy(planned("app-crashes-until-db-is-back-on-restore"));
      await s.at(25);
      await s.restore(async () => {
        s.disturb(["db", "app"], 15, "restore");
        await s.kill("db");
        // Its successor takes the file away before the app looks.
        await s.at(34);
        await s.kill("app");
      });
    },
  },
  {
    name: "postgres-db-named-after-app",
    seconds: 85,
    services: { db: { ...slowDatabase(38), env: { POSTGRES_DB: "app", PGDATA: "/app", APP_PATH: "/var/lib/app/data" } }, app: waits },
  },
  { name: "path-is-no-dependency", seconds: 40, services: { db: slowDatabase(60), app: { ...crashes, env: { DB_PATH: "/db/data", DB_NAME: "db", DATA: "/db" } } } },
  {
    name: "dependency-cycle",
    seconds: 45,
    services: { a: { ...slowDatabase(60), env: { B_HOST: "b" } }, b: { ...crashes, env: { A_HOST: "a" } } },
  },
  { name: "unhealthy-150-s-cycle", seconds: 320, services: { app: { health: { test: "false", every: 48, retries: 3 } } } },
  { name: "killed-137-with-limit", seconds: 50, services: { app: { script: "sleep 1; exec tail /dev/zero", limitMiB: 32 } } },
  { name: "killed-137-without-limit", seconds: 40, services: { app: { script: "sleep 1; sh -c 'kill -9 $$'; exit $?" } } },
  {
    name: "five-replicas-each-die-once",
    seconds: 55,
    services: { app: { replicas: 5, env: { SLOT: "{{.Task.Slot}}" }, script: "mkdir /shared/$SLOT 2>/dev/null && { sleep 2; exit 1; }; exec sleep infinity" } },
  },
  {
    name: "three-replicas-one-bad",
    seconds: 45,
    services: { app: { replicas: 3, env: { SLOT: "{{.Task.Slot}}" }, script: "test $SLOT = 3 && { sleep 1; exit 1; }; exec sleep infinity" } },
  },
  { name: "global-service-loops", seconds: 40, services: { agent: { ...crashes, global: true } } },
  { name: "one-flicker-in-10-min", seconds: 600, services: { app: { script: "mkdir /shared/once 2>/dev/null && { sleep 300; exit 1; }; exec sleep infinity" } } },
  { name: "first-crash-then-fine", seconds: 45, services: { app: { script: "mkdir /shared/once 2>/dev/null && { sleep 1; exit 1; }; exec sleep infinity" } } },
  { name: "healthy-period-between-failures", seconds: 150, services: { app: { script: counted("case $((n % 3)) in 2) sleep 30;; *) sleep 1;; esac; exit 1") } } },
  {
    name: "two-bad-times-with-a-healthy-one-between",
    seconds: 175,
    services: { app: { script: counted("case $n in 0|1|2|4|5) sleep 1; exit 1;; 3) sleep 30; exit 1;; esac; exec sleep infinity") } },
  },
  { name: "bad-mount", seconds: 30, services: { app: { bind: "/there/is/no/such/folder" } } },
  { name: "missing-program", seconds: 30, services: { app: { command: ["/no/such/program"] } } },
  { name: "no-node-constraint", seconds: 75, services: { app: { constraints: ["node.labels.zone==nowhere"] } } },
  { name: "no-node-resources", seconds: 75, services: { app: { reserveMiB: 1024 ** 2 } } },
  {
    name: "no-node-foreign-host-port",
    seconds: 80,
    services: { app: { hostPort: 8098 } },
    play: async (s) => {
      await s.foreign({ hostPort: 8098 });
      await s.at(5);
      await s.deploy(planned("no-node-foreign-host-port"));
    },
  },
  { name: "no-node-max-replicas", seconds: 75, services: { app: { replicas: 2, mostOnNode: 1 } } },
  { name: "no-node-missing-plugin", seconds: 75, services: { app: { driver: "nobody/has-this" } } },
  {
    name: "stuck-new",
    seconds: 100,
    services: { app: { network: "small" } },
    play: async (s) => {
      await s.network("small", "10.99.7.0/29");
      // Others, and the node itself, have all addresses.
      await s.foreign({ network: "small" });
      await s.at(10);
      await s.foreign({ network: "small", replicas: 4 });
      await s.at(20);
      await s.deploy(planned("stuck-new"));
    },
  },
  {
    name: "addresses-run-out",
    seconds: 85,
    services: { app: { replicas: 8, network: "tiny" } },
    play: async (s) => {
      await s.network("tiny", "10.99.8.0/29");
      await s.deploy(planned("addresses-run-out"));
    },
  },
  { name: "history-pruned-between-polls", seconds: 30, lookEveryMs: 5_000, services: { app: { script: "exit 1", restart: { delay: 0.1 } } } },
  { name: "history-limit-0", seconds: 45, swarm: "forgetful", services: { app: crashes } },
  { name: "events-lost", seconds: 45, loseEvents: true, services: { app: crashes } },
  { name: "two-services-sharing-an-image", seconds: 45, services: { web: sleeps, worker: crashes } },
  { name: "replicated-job-done", seconds: 45, services: { job: { script: exits(0, 3), job: { completions: 3, atOnce: 2 }, restart: { condition: "none" } }, web: sleeps } },
  { name: "replicated-job-fails", seconds: 45, services: { job: { ...crashes, job: { completions: 1, atOnce: 1 }, restart: { condition: "on-failure" } } } },
  { name: "one-declared-kill", seconds: 50, services: { app: sleeps }, play: kills("one-declared-kill", [15], 10) },
  { name: "one-undeclared-kill", seconds: 85, services: { app: sleeps }, play: kills("one-undeclared-kill", [15], 0) },
  { name: "four-declared-kills", seconds: 95, services: { app: sleeps }, play: kills("four-declared-kills", [12, 27, 42, 57], 65) },
  { name: "four-undeclared-kills", seconds: 70, services: { app: sleeps }, play: kills("four-undeclared-kills", [12, 27, 42, 57], 0) },
  {
    name: "overlay-host-port",
    seconds: 25,
    overlaid: ["a", "b"],
    services: { a: { hostPort: 8097 }, b: { hostPort: 8097 } },
    play: async (s) => s.deploy(planned("overlay-host-port"), { gap: 3 }),
  },
  {
    name: "same-host-port-twice",
    seconds: 25,
    services: { a: { hostPort: 8096 }, b: { hostPort: 8096 } },
    play: async (s) => s.deploy(planned("same-host-port-twice"), { gap: 3 }),
  },
  {
    name: "thirty-services-last-loops",
    seconds: 75,
    alone: true,
    services: { ...Object.fromEntries(Array.from({ length: 29 }, (_, index) => [`s${String(index + 1).padStart(2, "0")}`, sleeps])), s30: crashes },
  },
];

function planned(name: string): Plot["services"] {
  return stacks.find((plot) => plot.name === name)?.services ?? {};
}

/** Kills the app at these seconds; declared from the first on for so long, 0 for not. */
function kills(name: string, times: readonly number[], declared: number): NonNullable<Plot["play"]> {
  return async (s) => {
    await s.deploy(planned(name));
    for (const [index, seconds] of times.entries()) {
      await s.at(seconds);
      if (index === 0 && declared > 0) s.disturb(["app"], declared, "kill");
      await s.kill("app");
    }
  };
}

