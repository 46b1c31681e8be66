/** What cost.ts prints. Percent of one core, MB. */
export interface Cost {
  readonly services: number;
  readonly tasks: number;
  /** While nothing changes. */
  readonly idle: number;
  /** With four events a second: it never rests. */
  readonly hot: number;
  /** While nothing changes, with all failures in the history. */
  readonly idleAfter: number;
  /** How many tasks have failed, and how many of them the watch counts. */
  readonly failures: number;
  readonly counted: number;
  readonly before: Memory;
  readonly atHalf: Memory;
  readonly after: Memory;
}

interface Memory {
  readonly rss: number;
  readonly heap: number;
}
