import type { Cost } from "./cost-shape.ts";
import { type Figure, percentile, type Row } from "./figures.ts";
import type { Verdict } from "./scenarios.ts";
import type { Whole } from "./whole.ts";

/** From what was measured to the rows of the table, each figure with the bound that the project set itself. Pure. */

export interface Others {
  readonly abra: string;
  readonly docker: string;
}

/** Swarm's own default; no service of store-loop sets another. */
const stopGraceSeconds = 10;
const none: Others = { abra: "", docker: "" };

const ms = (what: string, value: number, most: number | null): Figure => ({ what, value, unit: "ms", most });
const seconds = (what: string, valueMs: number, most: number | null): Figure => ({ what, value: valueMs / 1000, unit: "s", most });
const p95 = (what: string, values: readonly number[], most: number): Figure[] => [
  ms(`${what}, p95 of ${values.length}`, percentile(values, 0.95), most),
  ms("median", percentile(values, 0.5), null),
];

export interface Loop {
  readonly throwaway: Whole;
  readonly shared: Whole;
  /** On the node one is connected to, and on another. */
  readonly here: readonly Verdict[];
  readonly there: readonly Verdict[];
}

export function loopRow({ throwaway, shared, here, there }: Loop, others: Others): Row {
  const lateness = (verdicts: readonly Verdict[]) => verdicts.map(({ afterFailure }) => afterFailure);
  return {
    scenario: "three services, the store exits 1 s after start, TIMEOUT=1200",
    figures: [
      seconds("verdict after the first service was created, whole run on a throwaway Swarm", throwaway.results.watch.decidedMs ?? Number.NaN, 25),
      seconds("the same on a shared one", shared.results.watch.decidedMs ?? Number.NaN, 25),
      seconds(`the watch alone, longest of ${here.length + there.length}`, Math.max(...[...here, ...there].map(({ afterCreated }) => afterCreated)), 25),
      ...p95("after the deciding failure's Status.Timestamp", lateness(here), 250),
      ...p95("the same on a second node", lateness(there), 700),
      seconds("from verdict to process gone, results written, teardown verified: throwaway Swarm", goneAfter(throwaway), 10),
      seconds("the same on a shared one", goneAfter(shared), stopGraceSeconds + 5),
      seconds("whole run from command to prompt, throwaway Swarm", throwaway.endedAt - throwaway.startedAt, null),
    ],
    abra: others.abra,
    docker: `${others.docker} (the store alone)`,
  };
}

export function missingRow(prepulled: Whole, deployed: readonly Verdict[], others: Others): Row {
  const deploys = prepulled.results.phases.filter(({ name, status }) => name === "install" && status !== "skipped").length;
  return {
    scenario: "an image that does not exist",
    figures: [
      { what: "deploys before prepull said so", value: deploys, unit: "", most: 0 },
      seconds("whole run from command to prompt", prepulled.endedAt - prepulled.startedAt, null),
      seconds(`with prepull off: verdict after the service was created, longest of ${deployed.length}`, Math.max(...deployed.map(({ afterCreated }) => afterCreated)), 8),
    ],
    ...others,
  };
}

export function gaveUpRow(verdicts: readonly Verdict[], others: Others): Row {
  const late = verdicts.map(({ afterFailure }) => afterFailure);
  return { scenario: "Swarm gave up on a slot", figures: [ms(`after the failure's Status.Timestamp, longest of ${late.length}`, Math.max(...late), 1_000), ms("median", percentile(late, 0.5), null)], ...others };
}

export function healthyRow(late: readonly number[], others: Others): Row {
  return { scenario: "a healthy stack", figures: [ms(`settled known after the last task's running timestamp, longest of ${late.length}`, Math.max(...late), 150), ms("median", percentile(late, 0.5), null)], ...others };
}

export function costRows({ services, tasks, single, double }: Cost): Row[] {
  const percent = (what: string, value: number, most: number | null): Figure => ({ what, value, unit: "%", most });
  const mb = (what: string, value: number, most: number | null): Figure => ({ what, value, unit: "MB", most });
  const { before, atHalf, after } = double;
  return [
    {
      scenario: `${services} services, ${tasks} tasks in history (an engine replayed over HTTP on loopback; CPU of one core, the least of 5 windows of 10 s)`,
      figures: [
        percent("while nothing changes, half of the tasks still listed", single.idle, 2),
        percent("all of them listed", double.idle, null),
        percent("while events keep it awake, half listed", single.hot, null),
        percent("all listed", double.hot, null),
      ],
      ...none,
    },
    {
      scenario: `${double.failures.toLocaleString("en")} failures in history (the same engine, ${2 * services} slots)`,
      figures: [
        mb("heap before", before.heap, null), mb("after half of them", atHalf.heap, null), mb("after all", after.heap, null),
        mb("growth in the second half", after.heap - atHalf.heap, 5),
        mb("RSS before", before.rss, null), mb("after all", after.rss, null), mb("growth in the second half", after.rss - atHalf.rss, 25),
        percent("CPU while nothing changes", double.idleAfter, null),
      ],
      ...none,
    },
  ];
}

/** The install phase ends when the verdict is there. @returns ms */
function goneAfter({ ended, endedAt }: Whole): number {
  return endedAt - (ended.get("install") ?? Number.NaN);
}
