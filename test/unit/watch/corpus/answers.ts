/**
 * The right answer to each scenario: what a careful operator would say who knows the recipe and sees everything. Written
 * before the policy, from DESIGN and the measured facts; not changed to please the policy.
 */

/** Greens may carry a warning; reds name class and service. */
type Right =
  | readonly ["converged"]
  | readonly ["converged", "warned"]
  | readonly ["failed" | "infra" | "harness-limit", cls: string, service: string | null];

export interface Answer {
  /** Also the name of the recording. */
  readonly name: string;
  /** A case of false verdicts elsewhere that it stands for, by its number. */
  readonly incident?: number;
  /** Recorded from a real Swarm: one deploy, an upgrade, or on two nodes. Written: what can't be brought about here. */
  readonly from: "stack" | "upgrade" | "two-nodes" | "written";
  /** What happens, and why the answer is right. */
  readonly what: string;
  readonly right: Right;
  /** Known at the latest and at the earliest, seconds since the start of the last change. For greens: first converged. */
  readonly by: number;
  readonly notBefore?: number;
  /** Greens that something happens to later: converged again for good, seconds since the start of the last change. */
  readonly again?: { readonly by: number; readonly notBefore?: number };
}

const green = ["converged"] as const;
const warned = ["converged", "warned"] as const;
const failed = (cls: string, service: string) => ["failed", cls, service] as const;
const infra = (cls: string, service: string | null) => ["infra", cls, service] as const;
const limit = (service: string) => ["harness-limit", "harness-limit", service] as const;

const stacks: readonly Omit<Answer, "from">[] = [
  { name: "healthy-stack", what: "web, a database that gets healthy after 8 s and a worker: nothing goes wrong", right: green, by: 30, notBefore: 12 },
  { name: "exits-1-s-after-start", incident: 1, what: "exit 1 a second after each start, default restart delay", right: failed("crash-loop", "app"), by: 27, notBefore: 18 },
  { name: "lives-40-s-and-exits", what: "no health check, looks fine for 40 s each time, then exits 1", right: failed("crash-loop", "app"), by: 195, notBefore: 170 },
  { name: "exit-zero-loop", what: "ends with success after a second and is started again for ever", right: failed("exit-zero-loop", "app"), by: 27, notBefore: 18 },
  { name: "exit-zero-on-a-schedule", what: "ends with success, restart delay 15 s given: a cron by restart policy", right: green, by: 40 },
  { name: "one-shot-finished", what: "a migration with condition on-failure ends 0 and stays ended, beside a web that runs", right: green, by: 20 },
  { name: "one-shot-fails", what: "condition none and exit 1: Swarm never tries again", right: failed("gave-up", "init"), by: 8 },
  { name: "replicas-zero", what: "a service of no replicas beside one that runs", right: green, by: 15 },
  { name: "max-attempts-used-up", what: "max_attempts 2: three tasks fail, no fourth comes", right: failed("gave-up", "app"), by: 20, notBefore: 11 },
  { name: "max-attempts-window-never-ends", what: "max_attempts 2 within a window shorter than a cycle: Swarm never stops trying", right: failed("crash-loop", "app"), by: 28, notBefore: 18 },
  { name: "image-missing-by-registry", what: "`No such image`, and the registry had said that it does not exist", right: failed("image-missing", "app"), by: 8 },
  { name: "no-registry-at-all", incident: 23, what: "`No such image`, and no registry ever answered: nobody knows whether it exists", right: infra("image-pull", "app"), by: 15 },
  { name: "app-crashes-until-db-healthy", incident: 20, what: "the app dies about 14 times in 90 s until its database is healthy, then runs", right: green, by: 125, notBefore: 85 },
  { name: "app-crashes-until-db-listens", what: "the same with a database that has no health check and listens after 90 s", right: green, by: 125, notBefore: 85 },
  { name: "app-crashes-db-loops", what: "the database exits after 2 s each time, the app because of it: the database is blamed", right: failed("crash-loop", "db"), by: 31, notBefore: 20 },
  { name: "app-crashes-although-db-is-healthy", what: "the database is healthy after 10 s, the app goes on dying", right: failed("crash-loop", "app"), by: 39, notBefore: 28 },
  { name: "app-crashes-until-db-is-back-on-restore", what: "restore kills database and app; the database takes 45 s to load, the app dies until then", right: green, by: 85, notBefore: 45 },
  { name: "postgres-db-named-after-app", what: "POSTGRES_DB=app and a path /app make the database wait for nobody: it still excuses the app for 40 s", right: green, by: 75, notBefore: 38 },
  { name: "path-is-no-dependency", what: "the app has /db paths and needs no db: a slow db excuses nothing", right: failed("crash-loop", "app"), by: 27, notBefore: 18 },
  { name: "dependency-cycle", what: "a waits for b and b for a: nobody excuses anybody, b exits at once", right: failed("crash-loop", "b"), by: 28, notBefore: 18 },
  { name: "unhealthy-150-s-cycle", incident: 24, what: "never healthy; Swarm kills it after 145 s, and again", right: failed("unhealthy-loop", "app"), by: 315, notBefore: 285 },
  { name: "killed-137-with-limit", what: "uses more memory than its limit and is killed each time", right: failed("out-of-memory", "app"), by: 27, notBefore: 14 },
  { name: "killed-137-without-limit", what: "exit code 137 each time, no limit, and the host has memory", right: failed("crash-loop", "app"), by: 27, notBefore: 18 },
  { name: "five-replicas-each-die-once", what: "each of five replicas dies once and then runs", right: green, by: 45, notBefore: 15 },
  { name: "three-replicas-one-bad", what: "two replicas run, the third exits a second after each start", right: failed("crash-loop", "app"), by: 28, notBefore: 18 },
  { name: "global-service-loops", what: "a global service exits a second after each start", right: failed("crash-loop", "agent"), by: 27, notBefore: 18 },
  { name: "one-flicker-in-10-min", what: "runs for 5 min, dies once, runs on", right: green, by: 15, again: { by: 460, notBefore: 400 } },
  { name: "first-crash-then-fine", what: "dies a second after its first start, then runs", right: green, by: 35, notBefore: 15 },
  { name: "healthy-period-between-failures", what: "1 s, 1 s, 30 s, and again: the good periods never last, so it is a loop", right: failed("crash-loop", "app"), by: 97, notBefore: 80 },
  { name: "two-bad-times-with-a-healthy-one-between", what: "dies three times, runs 30 s, dies, dies twice more, then runs for good", right: green, by: 55, again: { by: 165, notBefore: 120 } },
  { name: "bad-mount", what: "binds a folder that the node does not have: refused each time", right: failed("rejected", "app"), by: 14 },
  { name: "missing-program", what: "a command that the image lacks: can't start, each time", right: failed("rejected", "app"), by: 14 },
  { name: "no-node-constraint", what: "a placement constraint that no node meets", right: failed("unschedulable", "app"), by: 68, notBefore: 58 },
  { name: "no-node-resources", what: "reserves more memory than any node has", right: infra("no-node", "app"), by: 68, notBefore: 58 },
  { name: "no-node-foreign-host-port", what: "a host port that another stack holds", right: infra("host-port-taken", "app"), by: 68, notBefore: 58 },
  { name: "no-node-max-replicas", what: "two replicas, at most one a node, one node", right: failed("unschedulable", "app"), by: 68, notBefore: 58 },
  { name: "no-node-missing-plugin", what: "a volume of a driver that the node does not have: the host lacks it", right: infra("no-node", "app"), by: 68, notBefore: 58 },
  { name: "stuck-new", incident: 23, what: "a network with fewer addresses than tasks: the allocator waits without a word", right: infra("stuck-new", "app"), by: 75, notBefore: 58 },
  { name: "addresses-run-out", incident: 23, what: "eight tasks and the node want six addresses: some wait, some are refused because the node has none; no fault of the recipe", right: infra("stuck-new", "app"), by: 75 },
  { name: "history-pruned-between-polls", what: "exits at once with a restart delay of 0.1 s: Swarm forgets most tasks between two slow looks", right: failed("crash-loop", "app"), by: 15 },
  { name: "history-limit-0", what: "the Swarm keeps no ended task; the app exits a second after each start", right: failed("crash-loop", "app"), by: 27, notBefore: 15 },
  { name: "events-lost", what: "the stream of events ends after the first failure and never comes back", right: failed("crash-loop", "app"), by: 28, notBefore: 18 },
  { name: "two-services-sharing-an-image", what: "web and worker run from one image, only worker loops", right: failed("crash-loop", "worker"), by: 28, notBefore: 18 },
  { name: "replicated-job-done", what: "a job of three completions, two at once, all end 0", right: green, by: 35 },
  { name: "replicated-job-fails", what: "a job that exits 1 each time", right: failed("crash-loop", "job"), by: 28, notBefore: 18 },
  { name: "one-declared-kill", what: "the build kills the app and said so: back up is all it takes", right: green, by: 13, again: { by: 40, notBefore: 25 } },
  { name: "one-undeclared-kill", what: "the app is killed and nobody said so: up again, it is trusted after twice the life it had", right: green, by: 13, again: { by: 75, notBefore: 50 } },
  { name: "four-declared-kills", what: "four kills in a declared minute", right: green, by: 9, again: { by: 85, notBefore: 64 } },
  { name: "four-undeclared-kills", what: "the same, and nobody said so", right: failed("crash-loop", "app"), by: 62, notBefore: 54 },
  { name: "overlay-host-port", what: "two services on one host port because the harness's overlay put them there", right: limit("b"), by: 15, notBefore: 5 },
  { name: "same-host-port-twice", what: "two services of the stack publish the same host port themselves", right: failed("port-conflict", "b"), by: 15, notBefore: 5 },
  { name: "thirty-services-last-loops", what: "29 services run, the last exits a second after each start", right: failed("crash-loop", "s30"), by: 30, notBefore: 18 },
];

const upgrades: readonly Omit<Answer, "from">[] = [
  { name: "upgrade-with-60-s-migration", what: "database and app updated together, the database migrates for 60 s, the app dies until then", right: green, by: 90, notBefore: 58 },
  { name: "paused-and-up", incident: 2, what: "default failure action: paused because the app had to wait 40 s for its database, yet all runs on the new spec", right: warned, by: 75, notBefore: 38 },
  { name: "paused-and-stuck", what: "two replicas, 5 s between them, the new version exits: paused with one replica on the old version", right: failed("paused", "app"), by: 20 },
  { name: "paused-and-looping", what: "two replicas, the new version exits after a second: Swarm has already replaced both when it pauses", right: failed("crash-loop", "app"), by: 28, notBefore: 18 },
  { name: "rolled-back-and-healthy", incident: 7, what: "the new version exits, Swarm puts the old one back and it is healthy", right: failed("rolled-back", "app"), by: 25 },
  { name: "stale-paused-from-before", what: "the database's update was paused long before; this change touches the app only", right: green, by: 25 },
  { name: "outgoing-task-ends-143", what: "the outgoing task was asked to stop and ends with 143", right: green, by: 30 },
  { name: "host-port-start-first", what: "host port, one replica, start-first: the new task waits for the port of the old one for ever", right: failed("port-conflict", "app"), by: 15, notBefore: 5 },
  { name: "service-removed-and-created-again", what: "the old service of that name failed three times; the new one fails twice and then runs", right: green, by: 50, notBefore: 20 },
  { name: "upgrade-new-version-loops", what: "failure action continue: the new version exits a second after each start", right: failed("crash-loop", "app"), by: 28, notBefore: 18 },
  { name: "upgrade-changes-nothing", what: "deployed again as it was", right: green, by: 15 },
  { name: "upgrade-mends-a-loop", what: "the old version died twice, the new one runs: what the old one did does not count", right: green, by: 25, notBefore: 5 },
  { name: "upgrade-adds-a-service", what: "the new version has one service more", right: green, by: 25, notBefore: 5 },
  { name: "db-restarts-under-the-app", what: "only the database is new and takes 25 s; the app, which ran, dies until it is back", right: green, by: 60, notBefore: 25 },
  { name: "host-port-slow-stop", what: "stop-first: the new task waits 12 s for the host port while the old one, which ignores TERM, stops", right: green, by: 40, notBefore: 15 },
  { name: "upgrade-start-first", what: "the new task gets healthy after 10 s beside the old one, which then goes", right: green, by: 40, notBefore: 12 },
];

const onTwoNodes: readonly Omit<Answer, "from">[] = [
  { name: "loops-on-the-second-node", what: "exits a second after each start where no event can be seen", right: failed("crash-loop", "app"), by: 26, notBefore: 18 },
  { name: "global-on-two-nodes", what: "a global service runs on both", right: green, by: 20 },
  { name: "global-bad-on-one-node", what: "a global service loops on one node and runs on the other", right: failed("crash-loop", "agent"), by: 26, notBefore: 18 },
  { name: "drain-declared", what: "the build drains a node and said so: its tasks move", right: green, by: 20, again: { by: 60 } },
  { name: "drain-undeclared", what: "somebody drains a node: Swarm itself asked its tasks to stop, none of them failed", right: green, by: 20, again: { by: 60 } },
  { name: "global-drained", what: "the build drains a node and said so: the global service is wanted on one node less", right: green, by: 20, again: { by: 50 } },
  { name: "node-lost", what: "the only node that may run the app stops answering", right: infra("node-down", "app"), by: 130, notBefore: 70 },
  { name: "app-and-db-on-two-nodes", what: "the app on one node dies until the database on the other is healthy after 40 s", right: green, by: 75, notBefore: 38 },
];

const written: readonly Omit<Answer, "from">[] = [
  { name: "host-out-of-memory", what: "137 without a limit while the kernel was killing for memory", right: infra("host-memory", "app"), by: 21, notBefore: 18 },
  { name: "daemon-lost", what: "no answer from the daemon from second 10 on", right: infra("daemon-lost", null), by: 32, notBefore: 29 },
  { name: "daemon-back-after-15-s", what: "the daemon restarts and is silent for 15 s while all goes on", right: green, by: 8, again: { by: 32 } },
  { name: "daemon-away-while-the-app-loops", what: "two failures, ten seconds of silence, and the loop goes on", right: failed("crash-loop", "app"), by: 21, notBefore: 18 },
  { name: "node-restarts", what: "the build restarts the node: 35 s of silence, and an app that dies until its database is up again", right: green, by: 8, again: { by: 85, notBefore: 55 } },
  { name: "node-restarts-and-one-stays-down", what: "the build restarts the node, and a service with condition none is not started again", right: failed("gave-up", "app"), by: 16, notBefore: 14 },
  { name: "node-does-not-come-back", what: "the build restarts the node for a minute, and its engine is silent for longer", right: infra("daemon-lost", null), by: 92, notBefore: 89 },
  { name: "clock-steps-forward", what: "the daemon's clock jumps an hour ahead in the middle of a loop", right: failed("crash-loop", "app"), by: 21, notBefore: 18 },
  { name: "clock-steps-back", what: "the daemon's clock jumps an hour back in the middle of a loop", right: failed("crash-loop", "app"), by: 21, notBefore: 18 },
  { name: "clock-steps-while-up", what: "the daemon's clock jumps while all is up: nobody failed", right: green, by: 8, again: { by: 60 } },
  { name: "engine-error", what: "the engine has no address pool left: the recipe never got to run", right: infra("engine-error", "app"), by: 22 },
  { name: "chain-root-blamed", what: "web waits for api waits for db, and db loops", right: failed("crash-loop", "db"), by: 26 },
  { name: "db-never-ready", what: "the database starts for ever: no excuse holds longer than 10 min", right: failed("crash-loop", "app"), by: 630, notBefore: 610 },
  { name: "slow-network", what: "40 s in preparing while the network is attached, then up", right: green, by: 48, notBefore: 44 },
  { name: "unhealthy-once", what: "killed for bad health once, healthy after that", right: green, by: 260 },
  { name: "gave-up-while-db-starts", what: "condition none: an app that died while its database started is not tried again, whoever was to blame", right: failed("gave-up", "app"), by: 2 },
  { name: "two-failures-by-setting", what: "the recipe says that two failures are a loop", right: failed("crash-loop", "app"), by: 9, notBefore: 6 },
  { name: "overlay-start-first", what: "the harness's overlay published a host port, and an update with start-first waits for it", right: limit("app"), by: 8, notBefore: 4 },
  { name: "outgoing-task-fails-143", what: "the outgoing task was asked to stop, and Swarm calls its 143 a failure all the same", right: green, by: 12 },
  { name: "node-flaps", what: "a node is away for 20 s and comes back with its tasks", right: green, by: 8, again: { by: 70 } },
  { name: "ends-nobody-saw", what: "each look shows another running task in the slot and never an end", right: failed("crash-loop", "app"), by: 21 },
  { name: "db-crashes-twice-then-ready", what: "the database dies twice while it starts, then takes a minute; the app dies all the while", right: green, by: 120, notBefore: 70 },
];

const all = (from: Answer["from"], answers: readonly Omit<Answer, "from">[]): Answer[] => answers.map((answer) => ({ ...answer, from }));

export const answers: readonly Answer[] = [...all("stack", stacks), ...all("upgrade", upgrades), ...all("two-nodes", onTwoNodes), ...all("written", written)];
