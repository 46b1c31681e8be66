import { FindingError, messageOf, type Reason } from "../base/errors.ts";
import { EngineTimeout, statusOf } from "../swarm/bounded.ts";
import { Interrupted } from "./interrupt.ts";
import type { Ending } from "./verdict.ts";

/** What ended the story, as data for the verdict. What nobody foresaw is a bug of the harness, never the recipe's fault. */
export function endingOf(error: unknown): Ending {
  if (error instanceof Interrupted) {
    return error.why === "deadline"
      ? { kind: "timedout", message: error.message }
      : { kind: "interrupted", signal: error.signal, message: error.message };
  }
  if (error instanceof FindingError) return { kind: "finding", blame: error.blame, reason: error.reason };
  const machine = machineTrouble(error);
  if (machine) return { kind: "finding", blame: "infra", reason: machine };
  const stack = error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 8).map((line) => line.trim()) : [];
  return { kind: "bug", message: messageOf(error), stack };
}

const diskFull = new Set(["ENOSPC", "EDQUOT"]);
const hungUp = new Set(["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH"]);

/** Errors that come as they are from an engine that went away, or from a machine that ran out of something. */
function machineTrouble(error: unknown): Reason | null {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  const reason = (cls: string, summary: string, hint: string): Reason => ({ class: cls, service: null, summary, evidence: [messageOf(error)], hint });
  if (typeof code === "string" && diskFull.has(code)) return reason("disk-full", "this machine's disk is full", "make room, then run it again");
  if (typeof code === "string" && (hungUp.has(code) || syscall === "connect")) {
    return reason("daemon-gone", "the Docker engine does not answer any more", "see its log and recipe-ci doctor, then run it again");
  }
  if (error instanceof EngineTimeout) return reason("engine-silent", error.message, "look at the engine's log and the machine's load");
  const status = statusOf(error);
  return status !== null && status >= 500 ? reason("engine-error", `the Docker engine answered ${status}`, "see its log, then run it again") : null;
}
