import type { Service } from "../specs.ts";
import type { Stage } from "../stage.ts";

/** What is recorded under one name of the corpus' answers. */
export interface Plot {
  readonly name: string;
  /** All that compose would declare, as they are first deployed. */
  readonly services: Readonly<Record<string, Service>>;
  /** How long the recording is, seconds. */
  readonly seconds: number;
  /** What happens; without it, all services are deployed. */
  readonly play?: (stage: Stage) => Promise<void>;
  readonly missingImages?: readonly string[];
  readonly overlaid?: readonly string[];
  /** The recorder's looks are this far apart, milliseconds, whatever happens. */
  readonly lookEveryMs?: number;
  /** The stream of events is lost after the first `die`. */
  readonly loseEvents?: boolean;
  readonly swarm?: "one" | "two" | "forgetful";
  /** It does something to the whole Swarm: no other runs beside it. */
  readonly alone?: boolean;
}

/** Ends with that code after so many seconds, each time. */
export const exits = (code: number, after: number): string => `sleep ${after}; exit ${code}`;

/** Dies a second after each start until the file is there. */
export const needsFile = (file: string): string => `test -f /shared/${file} && exec sleep infinity; sleep 1; exit 1`;

/** Each start gets its number in $n, from 0. */
export const counted = (then: string): string => `n=$(cat /shared/n 2>/dev/null || echo 0); echo $((n+1)) > /shared/n; ${then}`;

/** Healthy after so many seconds, and then others find the file. */
export const slowDatabase = (seconds: number, file = "db"): Service => ({
  script: `sleep ${seconds}; touch /shared/${file} /tmp/ok; exec sleep infinity`,
  health: { test: "test -f /tmp/ok", every: 3, retries: 100 },
});

export const sleeps: Service = {};
export const crashes: Service = { script: exits(1, 1) };
export const waits: Service = { script: needsFile("db"), env: { DB_HOST: "db" } };
