import { addSilence, addToTask } from "../../../../harness/watch/history.ts";
import type { Judgement } from "../../../../harness/watch/types.ts";
import { type EndOptions, Scene, type ServiceOptions } from "../scene.ts";
import type { Outcome } from "./replay.ts";

/** What can't be brought about on a Swarm here: a made-up one. */

class WatchedScene extends Scene {
  /** The daemon gives no answers. */
  silent = false;
  #changeAt = 0;
  #convergedAt: number | null = null;
  #forGoodAt: number | null = null;
  #last: Judgement = { kind: "waiting", line: "" };

  override poll(): void {
    if (this.silent) this.history = addSilence(this.history, "connect ECONNREFUSED");
    else super.poll();
    const judged = this.judge();
    this.#last = judged;
    if ("reason" in judged) this.verdict ??= { judged, at: this.now };
    if (judged.kind !== "converged") this.#forGoodAt = null;
    else {
      this.#convergedAt ??= this.now - this.#changeAt;
      this.#forGoodAt ??= this.now - this.#changeAt;
    }
  }

  /** What came before says nothing about this change. */
  begin(name: string, services: Readonly<Record<string, string>>): void {
    this.change(name, services);
    [this.#changeAt, this.#convergedAt, this.#forGoodAt] = [this.now, null, null];
  }

  silence(from: number, to: number): void {
    this.plan(from, () => (this.silent = true));
    this.plan(to, () => (this.silent = false));
  }

  play(seconds: number): Outcome {
    this.until(seconds);
    const red = this.verdict && { judged: this.verdict.judged, at: this.verdict.at - this.#changeAt, late: this.verdict.at - this.verdict.judged.at / 1000 };
    return { red, convergedAt: this.#convergedAt, forGoodAt: this.#forGoodAt, last: this.#last };
  }
}

type Options = ConstructorParameters<typeof Scene>[1];

/** A scene in which `act` plans what happens; the outcome after so many seconds. */
const scene = (services: Readonly<Record<string, ServiceOptions>>, seconds: number, act: (s: WatchedScene) => void, options: Options = {}) => (): Outcome => {
  const s = new WatchedScene(services, options);
  act(s);
  return s.play(seconds);
};

/** At second 10, declared for a minute: the engine is silent, and what it ran has ended when it answers again. */
function restartOfAll(s: WatchedScene, names: readonly string[], silentFor: number, end: EndOptions = {}): void {
  s.plan(10, () => s.disturb(["*"], 60, "the node restarts", true));
  s.silence(10, 10 + silentFor);
  s.plan(10.5, () => names.forEach((name) => s.end(name, { exit: 255, ...end })));
}

const hour = 3_600_000;
const loopWithStep = (byMs: number) => scene({ app: {} }, 60, (s) => {
  s.clockStep = { from: 10_000, byMs };
  s.crash("app", { life: 1 });
});

export const scenes: Readonly<Record<string, () => Outcome>> = {
  "host-out-of-memory": scene({ app: {} }, 60, (s) => {
    s.crash("app", { life: 1, exit: 137, error: "task: non-zero exit (137)" });
    for (const at of [0.6, 6.6, 12.6, 18.6]) s.plan(at, () => (s.history = addToTask(s.history, s.latest("app").id, { hostOutOfMemory: true })));
  }),
  "daemon-lost": scene({ app: {} }, 60, (s) => {
    s.plan(1, () => s.run("app"));
    s.silence(10, 100);
  }),
  "daemon-back-after-15-s": scene({ app: {} }, 60, (s) => {
    s.plan(1, () => s.run("app"));
    s.silence(10, 25);
  }),
  "daemon-away-while-the-app-loops": scene({ app: {} }, 60, (s) => {
    s.crash("app", { life: 1 });
    s.silence(8, 18);
  }),
  "node-restarts": scene({ db: { health: true }, app: { needs: ["db"] } }, 120, (s) => {
    s.plan(0, () => { s.start("db"); s.run("app"); });
    s.plan(1, () => s.up("db"));
    restartOfAll(s, ["db", "app"], 35);
    s.plan(46, () => s.start("db"));
    s.crash("app", { from: 46, life: 1, exit: 7, times: 2 });
    s.plan(55, () => s.up("db"));
  }),
  "node-restarts-and-one-stays-down": scene({ app: { condition: "none" } }, 60, (s) => {
    s.plan(1, () => s.run("app"));
    restartOfAll(s, ["app"], 5, { last: true });
  }),
  "node-does-not-come-back": scene({ app: {} }, 120, (s) => {
    s.plan(1, () => s.run("app"));
    restartOfAll(s, ["app"], 110);
  }),
  "clock-steps-forward": loopWithStep(hour),
  "clock-steps-back": loopWithStep(-hour),
  "clock-steps-while-up": scene({ app: {} }, 80, (s) => {
    s.clockStep = { from: 20_000, byMs: -hour };
    s.plan(1, () => s.run("app"));
    s.plan(30, () => { s.disturb(["app"], 10, "kill"); s.end("app", { exit: 137 }); });
    s.plan(36, () => s.run("app"));
  }),
  "engine-error": scene({ app: {} }, 60, (s) =>
    s.crash("app", { life: 0.5, state: "rejected", error: "could not find an available, non-overlapping IPv4 address pool among the defaults" })),
  "chain-root-blamed": scene({ db: {}, api: { needs: ["db"] }, web: { needs: ["api"] } }, 60, (s) => {
    s.crash("web", { life: 1 });
    s.crash("api", { life: 1 });
    s.crash("db", { life: 2 });
  }),
  "db-never-ready": scene({ db: { health: true }, app: { needs: ["db"] } }, 700, (s) => {
    s.plan(0, () => s.start("db"));
    s.crash("app", { life: 1, times: 200 });
  }),
  "slow-network": scene({ app: {} }, 60, (s) => {
    s.plan(0, () => s.move(s.task("app"), "preparing"));
    s.plan(40, () => s.move(s.latest("app"), "starting"));
    s.plan(40.2, () => s.up("app"));
  }),
  "unhealthy-once": scene({ app: { health: true } }, 300, (s) => {
    s.plan(0, () => s.start("app"));
    s.plan(90, () => s.end("app", { exit: 143, error: "task: non-zero exit (143): dockerexec: unhealthy container" }));
    s.plan(95, () => s.start("app"));
    s.plan(120, () => s.up("app"));
  }),
  "gave-up-while-db-starts": scene({ db: { health: true }, app: { needs: ["db"], condition: "none" } }, 60, (s) => {
    s.plan(0, () => s.start("db"));
    s.crash("app", { life: 1, times: 1, last: true });
  }),
  "two-failures-by-setting": scene({ app: {} }, 60, (s) => s.crash("app", { life: 1 }), { limits: { failures: 2 } }),
  "overlay-start-first": scene({ app: { hostPorts: [80] } }, 60, (s) => {
    s.plan(1, () => s.run("app"));
    s.plan(10, () => {
      s.begin("upgrade", { app: "app-v2" });
      s.move(s.task("app"), "pending", { node: null, error: "no suitable node (host-mode port already in use on 1 node)" });
    });
  }, { overlaid: ["app"] }),
  "outgoing-task-fails-143": scene({ app: {} }, 40, (s) => {
    s.plan(1, () => s.run("app"));
    s.plan(10, () => s.begin("upgrade", { app: "app-v2" }));
    s.plan(11, () => { s.replace("app", "1", { state: "failed", exit: 143 }); });
    s.plan(12, () => s.run("app"));
    s.plan(17, () => s.updating("app", "completed"));
  }),
  "node-flaps": scene({ app: {} }, 90, (s) => {
    const nodes = (ready: boolean) => [{ id: "n1", name: "one", ready: true }, { id: "n2", name: "two", ready }];
    s.nodes = nodes(true);
    s.plan(1, () => { s.task("app", "1", "assigned", "n2"); s.move(s.latest("app"), "running"); });
    s.plan(20, () => {
      s.nodes = nodes(false);
      s.latest("app").desired = "shutdown";
      s.task("app", "1", "assigned", "n1");
    });
    s.plan(25, () => s.move(s.latest("app"), "running"));
    s.plan(40, () => (s.nodes = nodes(true)));
  }),
  "ends-nobody-saw": scene({ app: {} }, 60, (s) => {
    s.keep = 0;
    s.crash("app", { life: 1 });
  }),
  "db-crashes-twice-then-ready": scene({ db: { health: true }, app: { needs: ["db"] } }, 130, (s) => {
    s.crash("db", { life: 2, times: 2, starting: true, goesOn: false });
    s.plan(14, () => s.start("db"));
    s.plan(74, () => s.up("db"));
    s.crash("app", { life: 1, times: 13 });
  }),
};
