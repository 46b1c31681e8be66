import { fileURLToPath } from "node:url";
import { z } from "zod";
import { command } from "../../base/command.ts";
import { infra, messageOf } from "../../base/errors.ts";
import type { Edge } from "../../swarm/types.ts";

/** A page that many visitors ask for at once. */
export interface Shot {
  readonly edge: Pick<Edge, "address" | "httpsPort">;
  readonly domain: string;
  readonly path: string;
  readonly seconds: number;
  readonly connections: number;
}

/** What came of it. */
export interface Volley {
  readonly requestsPerSecond: number;
  /** Answers by their status code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Connections that failed, and requests that nobody answered in time. */
  readonly errors: number;
  readonly timeouts: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly latency: { readonly p50: number; readonly p97_5: number; readonly p99: number; readonly max: number };
}

/** A visitor has gone elsewhere by then, seconds. */
const answerSeconds = 30;
/** To start and to count, milliseconds. */
const besidesMs = 60_000;

const outputSchema = z.looseObject({
  errors: z.number(),
  timeouts: z.number(),
  statusCodeStats: z.record(z.string(), z.looseObject({ count: z.number() })).default({}),
  requests: z.looseObject({ average: z.number() }),
  throughput: z.looseObject({ total: z.number() }),
  latency: z.looseObject({ p50: z.number(), p97_5: z.number(), p99: z.number(), max: z.number() }),
});

/**
 * Each connection asks again as soon as it has its answer. A process of its own: the build goes on watching meanwhile.
 * @throws infra (load) where autocannon itself fails; the signal's reason
 */
export async function fire(shot: Shot, signal: AbortSignal): Promise<Volley> {
  const { seconds, connections, domain, edge, path } = shot;
  const host = edge.address.includes(":") ? `[${edge.address}]` : edge.address;
  const argv = [
    "--json", "--no-progress", "--connections", String(connections), "--duration", String(seconds), "--timeout", String(answerSeconds),
    "--servername", domain, "--headers", `Host=${domain}`, "--headers", "User-Agent=recipe-ci", `https://${host}:${edge.httpsPort}${path}`,
  ];
  const ran = await command([process.execPath, fileURLToPath(import.meta.resolve("autocannon")), ...argv], { timeoutMs: seconds * 1000 + besidesMs, signal });
  try {
    return volleyOf(ran.stdout);
  } catch (error) {
    throw infra("load", `autocannon ended with ${ran.exitCode} and gave no figures`, "run it again; report it if it stays", [ran.stderr.slice(-400), messageOf(error).slice(0, 400)], error);
  }
}

/** @throws where it is not what autocannon prints with --json */
export function volleyOf(printed: string): Volley {
  const { errors, timeouts, statusCodeStats, requests, throughput, latency } = outputSchema.parse(JSON.parse(printed));
  const { p50, p97_5, p99, max } = latency;
  return {
    requestsPerSecond: requests.average,
    codes: Object.fromEntries(Object.entries(statusCodeStats).map(([code, { count }]) => [code, count])),
    errors, timeouts,
    bytes: throughput.total,
    latency: { p50, p97_5, p99, max },
  };
}
