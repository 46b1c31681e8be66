import { humanDuration } from "../../base/clock.ts";
import { fixed } from "../limits.ts";
import type { History, Limits } from "../types.ts";
import type { Finding } from "./finding.ts";
import { limitLine } from "./wording.ts";

/**
 * The daemon is given up after a while without a good answer; several calls must have failed, so that our own pause is not its fault.
 * While the build itself has it down, it owes none.
 */
export function daemonLost({ daemon, disturbances }: History, limits: Limits, now: number): Finding | null {
  const silent = now - daemon.answeredAt;
  const down = disturbances.filter(({ engine, from }) => engine && from <= now).map(({ until }) => until);
  const owed = now - Math.max(daemon.answeredAt, ...down);
  if (owed < limits.daemonSilenceMs || daemon.failedAttempts < fixed.silentAttempts) return null;
  return {
    kind: "infra",
    class: "daemon-lost",
    service: null,
    slot: null,
    at: daemon.answeredAt,
    summary: `the Docker daemon has given no good answer for ${humanDuration(silent)}`,
    evidence: [
      `${daemon.failedAttempts} calls failed`,
      ...(daemon.lastError ? [`the last one: ${daemon.lastError}`] : []),
      limitLine(`${humanDuration(limits.daemonSilenceMs)} and ${fixed.silentAttempts} calls without a good answer`, ["daemonSilenceMs"], limits),
    ],
    hint: "look at the engine's log on the manager node (restarted, out of memory, disk full?), then run again",
  };
}
