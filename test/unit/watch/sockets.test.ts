import { describe, expect, test } from "vitest";
import type { Intake } from "../../../harness/watch/observe/intake.ts";
import { Sockets, worthAsking } from "../../../harness/watch/observe/sockets.ts";
import type { History, TaskRecord } from "../../../harness/watch/types.ts";
import { Scene } from "./scene.ts";

/** An app that needs a database without a health check; both run in containers. */
function scene(options: { health?: boolean } = {}): Scene {
  const made = new Scene({ db: { health: options.health ?? false }, app: { needs: ["db"] } });
  for (const name of ["db", "app"]) {
    made.run(name);
    made.move(made.latest(name), "running", { container: `${name}-container` });
  }
  made.poll();
  return made;
}

const asked = (made: Scene) => worthAsking(made.history, made.now * 1000).map(({ service }) => service);

describe("asked about is a running task", () => {
  test("without a health check that something waits for", () => {
    expect(asked(scene())).toEqual(["db"]);
  });

  test("not one whose health check says it", () => {
    expect(asked(scene({ health: true }))).toEqual([]);
  });

  test("not one that still starts", () => {
    const made = new Scene({ db: {}, app: { needs: ["db"] } });
    made.start("db");
    made.poll();
    expect(asked(made)).toEqual([]);
  });

  test("not one that has ended", () => {
    const made = scene();
    made.end("db");
    made.poll();
    expect(asked(made)).toEqual([]);
  });

  test("until it was seen to listen", () => {
    const made = scene();
    made.history = { ...made.history, tasks: made.history.tasks.map((task) => ({ ...task, listeningAt: 1 })) };
    expect(asked(made)).toEqual([]);
  });

  test("until it is taken as ready anyway", () => {
    expect(asked(scene().until(119))).toEqual(["db"]);
    expect(asked(scene().until(121))).toEqual([]);
  });
});

/** Sockets whose questions the test answers, on a clock that the test moves. */
class Bench {
  now = 0;
  readonly learned: [string, unknown][] = [];
  readonly places: object[] = [];
  readonly ended = new AbortController();
  answer: () => Promise<boolean | null> = async () => false;
  readonly sockets: Sockets;

  constructor() {
    const learn = (id: string, facts: unknown) => this.learned.push([id, facts]);
    this.sockets = new Sockets({
      listening: (place) => {
        this.places.push(place);
        return this.answer();
      },
      intake: { learn } as unknown as Intake,
      now: () => this.now,
      signal: this.ended.signal,
    });
  }

  /** A poll at a time, and whatever follows from it at once. */
  async poll(history: History, at: number): Promise<number> {
    this.now = at;
    const before = this.places.length;
    this.sockets.afterPoll(history);
    await new Promise((done) => setImmediate(done));
    return this.places.length - before;
  }
}

describe("a task is asked about", () => {
  const history = scene().history;
  const db = history.tasks.find(({ service }) => service === "db") as TaskRecord;

  test("where it is, at most every 250 ms", async () => {
    const bench = new Bench();
    const questions = [];
    for (const at of [0, 30, 60, 240, 260, 280, 520]) questions.push(await bench.poll(history, at));
    expect(questions).toEqual([1, 0, 0, 0, 1, 0, 1]);
    expect(bench.places[0]).toEqual({ node: db.node, container: "db-container" });
  });

  test("and that still nothing listens is told every 5 s", async () => {
    const bench = new Bench();
    const looked = { ...history, tasks: history.tasks.map((task) => ({ ...task, deafAt: 10_000 })) };
    for (const at of [10_250, 14_900, 15_300]) await bench.poll(looked, at);
    expect(bench.learned).toEqual([[db.id, { deafAt: 15_300 }]]);
  });

  test("for longer than it would be trusted blindly, if less often", async () => {
    const bench = new Bench();
    const looked = { ...history, tasks: history.tasks.map((task) => ({ ...task, deafAt: 200_000 })) };
    const questions = [];
    for (const at of [201_000, 201_300, 206_000, 400_000]) questions.push(await bench.poll(looked, at));
    expect(questions).toEqual([1, 0, 1, 0]);
  });

  test("until it listens, which is told with its time", async () => {
    const bench = new Bench();
    bench.answer = async () => true;
    await bench.poll(history, 700);
    expect(bench.learned).toEqual([[db.id, { listeningAt: 700 }]]);
  });

  test("one question at a time, however long the answer takes", async () => {
    const bench = new Bench();
    bench.answer = () => new Promise(() => {});
    expect([await bench.poll(history, 0), await bench.poll(history, 5_000)]).toEqual([1, 0]);
    bench.ended.abort(new Error("over"));
  });

  test.each<[string, () => Promise<boolean | null>]>([
    ["nobody can look", async () => null],
    ["looking fails", () => Promise.reject(new Error("no such container"))],
  ])("seldom where %s", async (_, answer) => {
    const bench = new Bench();
    bench.answer = answer;
    const questions = [];
    for (const at of [0, 300, 4_900, 5_000]) questions.push(await bench.poll(history, at));
    expect(questions).toEqual([1, 0, 0, 1]);
    expect(bench.learned).toEqual([]);
  });

  test("not once the watch has ended", async () => {
    const bench = new Bench();
    bench.ended.abort(new Error("over"));
    expect(await bench.poll(history, 0)).toBe(0);
  });
});

describe("what comes of it", () => {
  /** A database that is up at 1 s and listens at 20 s; its app dies each 6 s until `goodAt`. */
  function story(listensAt: number | null, times: number): Scene {
    const made = new Scene({ db: {}, app: { needs: ["db"] } });
    made.plan(1, () => made.run("db"));
    if (listensAt !== null) {
      made.plan(listensAt, () => {
        made.history = { ...made.history, tasks: made.history.tasks.map((task) => (task.service === "db" ? { ...task, listeningAt: listensAt * 1000 } : task)) };
      });
    }
    made.crash("app", { from: 1, life: 1, times, goesOn: times < 60 });
    return made;
  }

  test("failures before the database listened are excused, and the app is trusted as soon as it is up", () => {
    const made = story(40, 7).until(60);
    expect(made.verdict).toBeNull();
    // Its last failure is at 38 s, so the next start, at 43 s, is after it listened.
    expect(made.settledAt).toBeLessThan(44);
  });

  test("failures after it count: a loop is known four of them later, not after the 120 s of a database that nobody can look into", () => {
    expect(story(20, 60).until(200).verdict?.at).toBeLessThan(46);
    expect(story(null, 60).until(200).verdict?.at).toBeGreaterThan(120);
  });
});
