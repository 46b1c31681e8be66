import { crashes, type Plot, sleeps, slowDatabase } from "./plot.ts";
import type { Stage } from "../stage.ts";

/** A manager, whose events are seen, and a worker, whose are not. */

const onWorker = { constraints: ["node.role==worker"] };
const onManager = { constraints: ["node.role==manager"] };
const spread = { web: { replicas: 4 } };

const drained = (name: string, declared: boolean, services: Plot["services"] = spread): Plot => ({
  name,
  seconds: 75,
  swarm: "two",
  alone: true,
  services,
  play: async (s: Stage) => {
    await s.deploy(services);
    await s.at(25);
    if (declared) s.disturb(["*"], 30, "drain");
    await s.drain();
  },
});

export const twoNodes: readonly Plot[] = [
  { name: "loops-on-the-second-node", seconds: 45, swarm: "two", services: { app: { ...crashes, ...onWorker } } },
  { name: "global-on-two-nodes", seconds: 30, swarm: "two", services: { agent: { global: true } } },
  {
    name: "global-bad-on-one-node",
    seconds: 45,
    swarm: "two",
    services: { agent: { global: true, env: { NODE: "{{.Node.Hostname}}" }, script: "case $NODE in *2) sleep 1; exit 1;; esac; exec sleep infinity" } },
  },
  {
    name: "app-and-db-on-two-nodes",
    seconds: 90,
    swarm: "two",
    // Their volumes are two: the app goes by the time.
    services: {
      db: { ...slowDatabase(40), ...onManager },
      app: {
        ...onWorker,
        env: { DB_HOST: "db" },
        script: "test -f /shared/from || date +%s > /shared/from; test $(($(date +%s) - $(cat /shared/from))) -ge 44 && exec sleep infinity; sleep 1; exit 1",
      },
    },
  },
  drained("drain-declared", true),
  drained("drain-undeclared", false),
  drained("global-drained", true, { agent: { global: true } }),
  {
    name: "node-lost",
    seconds: 140,
    swarm: "two",
    alone: true,
    services: { app: onWorker, web: { ...sleeps, ...onManager } },
    play: async (s) => {
      await s.deploy({ app: onWorker, web: { ...sleeps, ...onManager } });
      await s.at(15);
      await s.freeze();
    },
  },
];
