import { describe, expect, test } from "vitest";
import { Scene } from "./scene.ts";

/** [name, scene run to its end, class and service of the verdict, seconds by which it is known at the latest (and at the earliest)] */
type Red = readonly [name: string, play: () => Scene, cls: string, service: string | null, by: number, notBefore?: number];
type Green = readonly [name: string, play: () => Scene, settledBy?: number];

const oom = "task: non-zero exit (137)";
const unhealthy = "task: non-zero exit (143): dockerexec: unhealthy container";
const noNode = (cause: string) => `no suitable node (${cause})`;

function pendingFor(services: ConstructorParameters<typeof Scene>[0], name: string, error: string, options = {}): Scene {
  const scene = new Scene(services, options);
  scene.plan(7, () => scene.move(scene.task(name, "1", "pending"), "pending", { error, node: null }));
  return scene;
}

/** Up at 1 s, then a change at 10 s. */
function upgraded(services: ConstructorParameters<typeof Scene>[0], change: (scene: Scene) => void): Scene {
  const scene = new Scene(services);
  for (const [name, { replicas = 1 }] of Object.entries(services)) {
    for (let slot = 1; slot <= replicas; slot++) scene.plan(1, () => scene.run(name, String(slot)));
  }
  scene.plan(10, () => change(scene));
  return scene;
}

const reds: readonly Red[] = [
  ["exits 1 a second after start", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "app", 20, 18],
  ["lives 40 s and exits, no health check", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 40 });
    return s.until(300);
  }, "crash-loop", "app", 176, 174],
  ["two failures are enough where the recipe says so", () => {
    const s = new Scene({ app: {} }, { limits: { failures: 2 } });
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "app", 7.5, 6.5],
  ["the third slot of three loops", () => {
    const s = new Scene({ app: { replicas: 3 } });
    s.plan(0, () => { s.run("app", "1"); s.run("app", "2"); });
    s.crash("app", { life: 1, slot: "3" });
    return s.until(60);
  }, "crash-loop", "app", 20],
  ["a global service loops on its node", () => {
    const s = new Scene({ agent: { mode: "global" } });
    s.crash("agent", { life: 1, slot: "n1" });
    return s.until(60);
  }, "crash-loop", "agent", 20],
  ["exit-0 loop", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, state: "complete" });
    return s.until(60);
  }, "exit-zero-loop", "app", 20],
  ["exit-0 loop with an explicit delay of 10 s is no schedule yet", () => {
    const s = new Scene({ app: { delay: 10 } });
    s.crash("app", { life: 1, every: 11, state: "complete" });
    return s.until(90);
  }, "exit-zero-loop", "app", 36],
  ["a one-shot that keeps failing", () => {
    const s = new Scene({ init: { condition: "on-failure" } });
    s.crash("init", { life: 1 });
    return s.until(60);
  }, "crash-loop", "init", 20],
  ["killed by its health check twice, 150 s a cycle", () => {
    const s = new Scene({ app: { health: true } });
    s.crash("app", { life: 145, every: 150, starting: true, error: unhealthy, exit: 143 });
    return s.until(600);
  }, "unhealthy-loop", "app", 296, 294],
  ["137 with a memory limit", () => {
    const s = new Scene({ app: { memoryLimit: 50 * 1024 ** 2 } });
    s.crash("app", { life: 1, exit: 137, error: oom });
    return s.until(60);
  }, "out-of-memory", "app", 20],
  ["137 without a limit and with memory left is a crash loop", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, exit: 137, error: oom });
    return s.until(60);
  }, "crash-loop", "app", 20],
  ["max_attempts used up", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, times: 2, last: true });
    return s.until(60);
  }, "gave-up", "app", 7.5, 6.5],
  ["restart condition none and exit 1", () => {
    const s = new Scene({ app: { condition: "none" } });
    s.crash("app", { life: 1, times: 1, last: true });
    return s.until(60);
  }, "gave-up", "app", 1.5],
  ["gave up while its database was still starting: nothing brings it back", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"], condition: "none" } });
    s.plan(0, () => s.start("db"));
    s.crash("app", { life: 1, times: 1, last: true });
    return s.until(60);
  }, "gave-up", "app", 1.5],
  ["image missing by the registry's word, on the first refusal", () => {
    const s = new Scene({ app: { image: "nginx:nope@sha256:12" } }, { missing: ["docker.io/library/nginx:nope"] });
    s.crash("app", { life: 0.5, state: "rejected", error: "No such image: nginx:nope" });
    return s.until(60);
  }, "image-missing", "app", 1],
  ["a bad mount is refused twice", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0.5, state: "rejected", error: "invalid mount target, must be an absolute path: data" });
    return s.until(60);
  }, "rejected", "app", 6.5, 5],
  ["a program that the image lacks", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0.5, error: 'starting container failed: OCI runtime create failed: exec: "foo": executable file not found in $PATH: unknown' });
    return s.until(60);
  }, "rejected", "app", 6.5],
  ["rejections that differ only in ids are the same", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => { s.task("app"); s.end("app", { state: "rejected", error: "invalid volume 0123456789abcdef" }); });
    s.plan(5, () => s.end("app", { state: "rejected", error: "invalid volume fedcba9876543210" }));
    return s.until(60);
  }, "rejected", "app", 5.5],
  ["a host port that another service of the stack holds", () => {
    const s = new Scene({ a: { hostPorts: [80] }, b: { hostPorts: [80] } });
    s.plan(0, () => { s.run("a"); s.move(s.task("b"), "pending", { node: null, error: noNode("host-mode port already in use on 1 node") }); });
    return s.until(60);
  }, "port-conflict", "b", 6],
  ["host port, one replica, start-first", () => upgraded({ app: { hostPorts: [80] } }, (s) => {
    s.change("upgrade", { app: "app-v2" });
    s.move(s.task("app"), "pending", { node: null, error: noNode("host-mode port already in use on 1 node") });
  }).until(60), "port-conflict", "app", 16],
  ["a constraint that no node meets", () => pendingFor({ app: {} }, "app", noNode("scheduling constraints not satisfied on 1 node")).until(100), "unschedulable", "app", 68, 66.5],
  ["paused, and a slot still runs the old version", () => upgraded({ app: { replicas: 2 } }, (s) => {
    s.change("upgrade", { app: "app-v2" });
    s.plan(11, () => s.replace("app", "1"));
    s.plan(12, () => { s.start("app", "1"); s.end("app", { slot: "1" }); s.updating("app", "paused"); });
  }).until(60), "paused", "app", 14.5, 14],
  ["rolled back and healthy", () => upgraded({ app: {} }, (s) => {
    s.change("upgrade", { app: "app-v2" });
    s.plan(11, () => s.replace("app"));
    s.plan(12, () => { s.start("app"); s.end("app", { last: true }); });
    s.plan(13, () => { s.service("app").spec = "app-v1"; s.updating("app", "rollback_completed"); s.task("app"); s.run("app"); });
  }).until(60), "rolled-back", "app", 13.5, 12.5],
  ["app and database loop: the database is blamed", () => {
    const s = new Scene({ db: {}, app: { needs: ["db"] } });
    s.crash("db", { life: 2 });
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "db", 24],
  ["a chain: web waits for api waits for db, db loops", () => {
    const s = new Scene({ db: {}, api: { needs: ["db"] }, web: { needs: ["api"] } });
    s.crash("web", { life: 1 });
    s.crash("api", { life: 1 });
    s.crash("db", { life: 2 });
    return s.until(60);
  }, "crash-loop", "db", 24],
  ["app crashes although its database is healthy", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => s.start("db"));
    s.plan(20, () => s.up("db"));
    s.crash("app", { life: 1 });
    return s.until(100);
  }, "crash-loop", "app", 44, 40],
  ["a database that never gets healthy excuses until the ceiling only", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } }, { limits: { ceilingMs: 60_000 } });
    s.plan(0, () => s.start("db"));
    s.crash("app", { life: 1 });
    return s.until(200);
  }, "crash-loop", "app", 80, 78],
  ["in a cycle of dependencies nobody excuses anybody", () => {
    const s = new Scene({ a: { needs: ["b"], health: true }, b: { needs: ["a"] } });
    s.plan(0, () => s.start("a"));
    s.crash("b", { life: 1 });
    return s.until(60);
  }, "crash-loop", "b", 20],
  ["a database of no replicas excuses nobody", () => {
    const s = new Scene({ db: { replicas: 0 }, app: { needs: ["db"] } });
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "app", 20],
  ["a one-shot that is done excuses nobody any more", () => {
    const s = new Scene({ init: { condition: "none" }, app: { needs: ["init"] } });
    s.crash("init", { life: 15, times: 1, state: "complete", last: true });
    s.crash("app", { life: 1 });
    return s.until(100);
  }, "crash-loop", "app", 38, 36],
  ["a database that compose declares and nobody created excuses nobody", () => {
    const s = new Scene({ db: {}, app: { needs: ["db"] } });
    s.remove("db");
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "app", 20],
  ["what dies after a declared disturbance is over counts", () => {
    const s = new Scene({ app: {} });
    s.disturb(["app"], 10, "kill");
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "app", 32, 30],
  ["Swarm forgets all but the last task of a slot", () => {
    const s = new Scene({ app: {} });
    s.keep = 1;
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "app", 20],
  ["no end is ever seen: tasks are replaced between polls", () => {
    const s = new Scene({ app: {} });
    s.keep = 0;
    s.crash("app", { life: 1 });
    return s.until(60);
  }, "crash-loop", "app", 21],
  ["dies under the tiers, long after it was up", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, times: 1 });
    s.plan(200, () => s.end("app"));
    s.crash("app", { life: 1, from: 205 });
    return s.until(300);
  }, "crash-loop", "app", 219, 217],
  ["an undeclared kill counts, again and again", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, exit: 137, error: oom });
    s.disturb(["db"], 60, "restore");
    return s.until(60);
  }, "crash-loop", "app", 20],
  ["the last of 30 services loops", () => {
    const names = Array.from({ length: 30 }, (_, index) => `s${index}`);
    const s = new Scene(Object.fromEntries(names.map((name) => [name, {}])));
    for (const name of names.slice(0, -1)) s.plan(0, () => s.run(name));
    s.crash("s29", { life: 1 });
    return s.until(60);
  }, "crash-loop", "s29", 20],
  ["removed and created again under the same name, and it loops again", () => {
    const s = new Scene({ app: {} });
    s.plan(0, () => s.run("app"));
    s.plan(10, () => { s.remove("app"); s.create("app"); });
    s.crash("app", { life: 1, from: 11 });
    return s.until(60);
  }, "crash-loop", "app", 31],
  ["fails again after an update to the same image that its service survived", () => upgraded({ app: {} }, (s) => {
    s.change("upgrade", { app: "app-v2" });
    s.plan(11, () => s.replace("app"));
    s.crash("app", { life: 1, from: 12 });
  }).until(60), "crash-loop", "app", 31],
];

const infras: readonly Red[] = [
  ["no registry at all: no such image, twice", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0.5, state: "rejected", error: "No such image: app:1" });
    return s.until(60);
  }, "image-pull", "app", 6.5, 5],
  ["gave up for want of an image that no registry denied", () => {
    const s = new Scene({ app: { condition: "none" } });
    s.crash("app", { life: 0.5, times: 1, last: true, state: "rejected", error: "No such image: app:1" });
    return s.until(60);
  }, "image-pull", "app", 1],
  ["another stack holds the host port for a minute", () => pendingFor({ app: { hostPorts: [80] } }, "app", noNode("host-mode port already in use on 1 node")).until(100), "host-port-taken", "app", 68, 66.5],
  ["no resources for a minute", () => pendingFor({ app: {} }, "app", noNode("insufficient resources on 1 node")).until(100), "no-node", "app", 68, 66.5],
  ["no node up for a minute", () => pendingFor({ app: {} }, "app", noNode("1 node not available for new tasks")).until(100), "node-down", "app", 68, 66.5],
  ["constraints on one node and no room on the other: room would help", () =>
    pendingFor({ app: {} }, "app", noNode("scheduling constraints not satisfied on 1 node; insufficient resources on 1 node")).until(100), "no-node", "app", 68],
  ["stuck new for a minute", () => {
    const s = new Scene({ app: {} });
    s.plan(7, () => s.task("app", "1", "new"));
    return s.until(100);
  }, "stuck-new", "app", 68, 66.5],
  ["what fails together with the surroundings is tried again", () => {
    const s = new Scene({ a: {}, b: {} });
    const refused = { error: "network sandbox join failed", state: "rejected" } as const;
    s.crash("a", { life: 1, times: 3 });
    s.crash("b", { life: 1, times: 3, ...refused });
    s.plan(19, () => { s.end("a"); s.end("b", refused); });
    return s.until(60);
  }, "engine-error", "b", 20, 18],
  ["the node goes down", () => {
    const s = new Scene({ app: {} });
    s.nodes = [{ id: "n1", name: "node1", ready: true }];
    s.plan(0, () => s.run("app"));
    s.plan(10, () => { s.nodes = [{ id: "n1", name: "node1", ready: false }]; });
    return s.until(100);
  }, "node-down", "app", 71, 69],
  ["the network could not be joined, over and over", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0.5, state: "rejected", error: "starting container failed: network sandbox join failed: no such device" });
    return s.until(60);
  }, "engine-error", "app", 17.5],
  ["the database can't be placed, and the app that waits for it loops", () => {
    const s = pendingFor({ db: {}, app: { needs: ["db"] } }, "db", noNode("insufficient resources on 1 node"));
    s.crash("app", { life: 1 });
    return s.until(100);
  }, "no-node", "db", 68],
];

const greens: readonly Green[] = [
  ["up at once", () => {
    const s = new Scene({ app: {} });
    s.plan(1, () => s.run("app"));
    return s.until(30);
  }, 1],
  ["crashes 14 times in 90 s until a healthy database is up", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => s.start("db"));
    s.plan(88, () => s.up("db"));
    s.crash("app", { life: 1, every: 6.3, times: 14 });
    return s.until(300);
  }, 89],
  ["the same with a database that has no health check", () => {
    const s = new Scene({ db: {}, app: { needs: ["db"] } });
    s.plan(0, () => s.run("db"));
    s.crash("app", { life: 1, every: 6.3, times: 14 });
    return s.until(300);
  }, 89],
  ["the same again on upgrade with a 60 s migration", () => upgraded({ db: { health: true }, app: { needs: ["db"] } }, (s) => {
    s.change("upgrade", { app: "app-v2", db: "db-v2" });
    s.plan(11, () => { s.replace("db"); s.start("db"); s.replace("app"); });
    s.crash("app", { from: 12, life: 1, times: 9 });
    s.plan(70, () => s.up("db"));
    s.plan(80, () => { s.updating("db", "completed"); s.updating("app", "completed"); });
  }).until(200), 81],
  ["a database that crashes twice itself and then takes 40 s to get healthy", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.crash("db", { life: 1, times: 2, starting: true, goesOn: false });
    s.plan(12, () => s.start("db"));
    s.plan(52, () => s.up("db"));
    s.crash("app", { life: 1, times: 8 });
    return s.until(200);
  }, 62],
  ["app starts before its database is even created", () => {
    const s = new Scene({ app: { needs: ["db"] } });
    s.plan(20, () => { s.create("db"); s.run("db"); });
    s.crash("app", { life: 1, times: 4, every: 6, from: 1 });
    return s.until(200);
  }],
  ["the database goes for a moment while the app runs", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => { s.run("db"); s.run("app"); });
    s.plan(100, () => s.end("db"));
    s.plan(101, () => s.end("app"));
    s.plan(105, () => s.start("db"));
    s.plan(135, () => s.up("db"));
    s.crash("app", { from: 106, life: 1, times: 5 });
    return s.until(300);
  }],
  ["a finished one-shot", () => {
    const s = new Scene({ init: { condition: "on-failure" } });
    s.crash("init", { life: 3, times: 1, state: "complete", last: true });
    return s.until(60);
  }, 3],
  ["a one-shot that fails twice first", () => {
    const s = new Scene({ init: { condition: "on-failure" } });
    s.crash("init", { life: 1, times: 2 });
    s.plan(15, () => s.end("init", { state: "complete", last: true }));
    return s.until(60);
  }],
  ["a replicated job", () => {
    const s = new Scene({ job: { mode: "job", replicas: 2 } });
    for (const slot of ["1", "2"]) s.crash("job", { life: 2, times: 1, slot, state: "complete", last: true });
    return s.until(60);
  }, 2],
  ["app that needs a one-shot which succeeded", () => {
    const s = new Scene({ init: { condition: "none" }, app: { needs: ["init"] } });
    s.crash("init", { life: 15, times: 1, state: "complete", last: true });
    s.crash("app", { life: 1, times: 3 });
    return s.until(60);
  }, 18.5],
  ["exit 0 with an explicit delay of a minute is a schedule", () => {
    const s = new Scene({ cron: { delay: 60 } });
    s.crash("cron", { life: 1, every: 61, state: "complete" });
    return s.until(400);
  }],
  ["no replicas wanted", () => new Scene({ app: { replicas: 0 } }).until(20), 0.5],
  ["five replicas that each die once", () => {
    const s = new Scene({ app: { replicas: 5 } });
    for (const slot of ["1", "2", "3", "4", "5"]) s.crash("app", { from: Number(slot), life: 1, times: 1, slot });
    return s.until(60);
  }, 22],
  ["first crash, then fine: trusted after 10 s", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, times: 1 });
    return s.until(60);
  }, 16.6],
  ["three crashes with a healthy period between them and one more", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 1, times: 3 });
    s.plan(60, () => s.end("app"));
    s.crash("app", { from: 65, life: 1, times: 1 });
    return s.until(200);
  }],
  ["one flicker in 10 min, four times", () => {
    const s = new Scene({ app: {} });
    for (let turn = 0; turn < 4; turn++) s.plan(turn * 600 + 5, () => (turn === 0 ? s.run("app") : s.end("app")));
    for (let turn = 1; turn < 4; turn++) s.plan(turn * 600 + 10, () => s.run("app"));
    return s.until(2400, 5);
  }],
  ["an outgoing task that ends 143", () => upgraded({ app: {} }, (s) => {
    s.change("upgrade", { app: "app-v2" });
    s.plan(11, () => s.replace("app", "1", { state: "failed", exit: 143 }));
    s.plan(12, () => s.run("app"));
    s.plan(17, () => s.updating("app", "completed"));
  }).until(60), 17],
  ["told to stop, on the same spec, and ends 143: four times", () => {
    const s = new Scene({ app: {} });
    for (let turn = 0; turn < 4; turn++) {
      s.plan(turn * 5, () => s.run("app"));
      s.plan(turn * 5 + 2, () => s.end("app", { asked: true, exit: 143 }));
    }
    s.plan(20, () => s.run("app"));
    return s.until(60);
  }, 20],
  ["incident 2: paused and up on the new version", () => upgraded({ db: { health: true }, app: { needs: ["db"] } }, (s) => {
    s.change("upgrade", { app: "app-v2", db: "db-v2" });
    s.plan(11, () => { s.replace("db"); s.start("db"); s.replace("app"); });
    s.crash("app", { from: 12, life: 1, times: 4 });
    s.plan(14, () => s.updating("app", "paused"));
    s.plan(50, () => s.up("db"));
    s.plan(56, () => s.updating("db", "completed"));
  }).until(120), 56],
  ["stale paused and rolled back from before", () => {
    const s = new Scene({ a: {}, b: {} });
    s.plan(0, () => { s.run("a"); s.run("b"); s.updating("a", "paused"); s.updating("b", "rollback_completed"); });
    s.plan(0.5, () => { s.verdict = null; s.change("restore", {}); });
    return s.until(1).until(60);
  }],
  ["a start-first update keeps the old one until the new one is up", () => upgraded({ app: {} }, (s) => {
    const old = s.latest("app");
    s.change("upgrade", { app: "app-v2" });
    s.plan(11, () => s.move(s.task("app"), "starting"));
    s.plan(40, () => s.up("app"));
    s.plan(41, () => s.move(old, "shutdown", { desired: "shutdown" }));
    s.plan(46, () => s.updating("app", "completed"));
  }).until(100), 46],
  ["a declared kill of the database, the app with it", () => {
    const s = new Scene({ db: { health: true }, app: { needs: ["db"] } });
    s.plan(0, () => { s.run("db"); s.run("app"); });
    s.plan(700, () => { s.disturb(["db"], 30, "restore"); s.end("db", { exit: 137 }); });
    s.crash("app", { from: 706, life: 1, times: 5 });
    s.plan(700.5, () => s.end("app"));
    s.plan(705, () => s.start("db"));
    s.plan(740, () => s.up("db"));
    return s.until(900);
  }],
  ["pending for half a minute", () => {
    const s = pendingFor({ app: {} }, "app", noNode("insufficient resources on 1 node"));
    s.plan(30, () => s.move(s.latest("app"), "assigned", { node: "n1", error: null }));
    s.plan(31, () => s.run("app"));
    return s.until(120);
  }],
  ["a host port that the outgoing task still holds for 3 s", () => upgraded({ app: { hostPorts: [80] } }, (s) => {
    const old = s.latest("app");
    s.change("upgrade", { app: "app-v2" });
    s.plan(11, () => { old.desired = "shutdown"; s.move(s.task("app"), "pending", { node: null, error: noNode("host-mode port already in use on 1 node") }); });
    s.plan(14, () => s.move(old, "shutdown"));
    s.plan(15, () => s.move(s.latest("app"), "running", { node: "n1", error: null }));
    s.plan(20, () => s.updating("app", "completed"));
  }).until(60), 20],
  ["a database that fails its first start once, by one refused join", () => {
    const s = new Scene({ app: {} });
    s.crash("app", { life: 0.5, times: 3, state: "rejected", error: "network sandbox join failed: busy" });
    return s.until(60);
  }],
];

describe("decides against the recipe", () => {
  for (const [name, play, cls, service, by, notBefore = 0] of reds) {
    test(name, () => expectVerdict(play(), "failed", cls, service, by, notBefore));
  }
});

describe("decides against the surroundings", () => {
  for (const [name, play, cls, service, by, notBefore = 0] of infras) {
    test(name, () => expectVerdict(play(), "infra", cls, service, by, notBefore));
  }
});

describe("stays green", () => {
  for (const [name, play, settledBy] of greens) {
    test(name, () => {
      const scene = play();
      expect(scene.verdict).toBeNull();
      expect(scene.judge()).toMatchObject({ kind: "converged" });
      if (settledBy !== undefined) expect(scene.settledAt).toBeLessThanOrEqual(settledBy + 0.5);
    });
  }
});

function expectVerdict(scene: Scene, kind: string, cls: string, service: string | null, by: number, notBefore: number): void {
  expect(scene.verdict?.judged).toMatchObject({ kind, reason: { class: cls, service } });
  const at = scene.verdict?.at ?? 0;
  expect(at).toBeLessThanOrEqual(by);
  expect(at).toBeGreaterThanOrEqual(notBefore);
  expect(scene.verdict?.judged.reason.hint).not.toBe("");
  expect(scene.verdict?.judged.reason.evidence.length).toBeGreaterThan(0);
}
