/** What cost.ts prints. Percent of one core, MB. */
export interface Cost {
  readonly services: number;
  readonly tasks: number;
  /** One replica: half of the tasks are listed, the history remembers the others. */
  readonly single: Use;
  /** Two replicas: all of them are listed. */
  readonly double: Use & {
    /** While nothing changes, with all failures in the history. */
    readonly idleAfter: number;
    readonly failures: number;
    readonly before: Memory;
    readonly atHalf: Memory;
    readonly after: Memory;
  };
}

interface Use {
  /** While nothing changes. */
  readonly idle: number;
  /** With four events a second: it never rests. */
  readonly hot: number;
}

interface Memory {
  readonly rss: number;
  readonly heap: number;
}
