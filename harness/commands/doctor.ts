/** `doctor`: what this machine has, what it misses, what to do; with `--fix`, does it. */
import { type FindOptions, findAbra } from "../abra/find.ts";
import { FindingError, UsageError } from "../base/errors.ts";
import { cacheDir } from "../base/paths.ts";
import { loadHostConfig } from "../config/host.ts";
import { makeProxyNetwork } from "../machine/checks/network.ts";
import { exitCode, type Row } from "../machine/checks/row.ts";
import type { AbraFacts } from "../machine/checks/tools.ts";
import { type Examination, examine } from "../machine/doctor.ts";
import { provision } from "../machine/machine.ts";
import { useRows } from "./doctorUse.ts";

export interface DoctorOptions {
  /** Do what can be done about what is missing. */
  readonly fix: boolean;
  /** Consent to packages, an engine and images. */
  readonly install: boolean;
  readonly json: boolean;
}

/**
 * Prints the table on stdout; what is being done goes to stderr.
 * @returns 0 where all is there, 3 where something is missing or refused
 * @throws UsageError (docker context, host.json); infra where a fix failed
 */
export async function doctorCommand(options: DoctorOptions): Promise<number> {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new UsageError("doctor", "was interrupted", "start it again"));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await doctor(options, interrupt.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

async function doctor(options: DoctorOptions, signal: AbortSignal): Promise<number> {
  const settings = loadHostConfig(null);
  const look = async (download: boolean) => {
    const examination = await examine({ abra: await abraFacts(download, signal), settings, signal });
    return { ...examination, rows: [...examination.rows, ...(await useRows(examination.docker, settings.config, signal))] };
  };
  let examination = await look(options.fix);
  if (options.fix && (await fix(examination, options, signal))) examination = await look(false);
  process.stdout.write(options.json ? `${JSON.stringify({ rows: examination.rows, notTried: examination.notTried }, null, 2)}\n` : table(examination));
  return exitCode(examination.rows);
}

/** @returns whether anything was done */
async function fix(examination: Examination, options: DoctorOptions, signal: AbortSignal): Promise<boolean> {
  const fixes = new Set(examination.rows.map((row) => row.fix).filter((name) => name !== undefined));
  if (fixes.has("provision")) {
    const standIn = examination.rows.some((row) => row.name === "abra" && row.status !== "ok");
    await provision({ install: options.install, ask: async () => false, seeds: [], standIn, log: say, signal });
  }
  if (fixes.has("proxy-network")) say(`made the network proxy with ${await makeProxyNetwork(examination.docker, signal)}`);
  return fixes.size > 0;
}

/** Where abra is. Looking downloads nothing unless asked to. */
async function abraFacts(download: boolean, signal: AbortSignal): Promise<AbraFacts> {
  const looking: Pick<FindOptions, "fetch"> = download ? {} : { fetch: () => Promise.reject(new Error("not fetched by looking; doctor --fix does")) };
  try {
    return await findAbra({ flag: null, env: process.env, cacheDir: cacheDir(), signal, log: download ? say : () => {}, ...looking });
  } catch (error) {
    if (error instanceof FindingError) return { problem: error.reason.summary, tried: error.reason.evidence, todo: error.reason.hint };
    if (error instanceof UsageError) return { problem: `${error.where} ${error.what}`, tried: [], todo: error.remedy };
    throw error;
  }
}

/** One line a row, the remedy under it; plain text wherever it is printed to. */
export function table({ rows, notTried }: Pick<Examination, "rows" | "notTried">): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  const line = (row: Row) => {
    const head = `${row.status.padEnd(8)} ${row.name.padEnd(width)}  ${row.found}\n`;
    return row.todo === "" ? head : `${head}${" ".repeat(width + 11)}to do: ${row.todo}\n`;
  };
  const missing = rows.filter((row) => row.status === "missing" || row.status === "refused").map((row) => row.name);
  const tried = notTried.length > 0 ? `not tried here: ${notTried.join(", ")}\n` : "";
  return `${rows.map(line).join("")}\n${tried}${missing.length > 0 ? `missing or refused: ${missing.join(", ")}\n` : "everything a build needs is here\n"}`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
