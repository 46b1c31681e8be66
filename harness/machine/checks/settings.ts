/** The host's settings in force, and where they come from. */
import type { HostConfig } from "../../config/host.ts";
import { type Row, row } from "./row.ts";

export function judgeSettings(config: HostConfig, from: string): Row {
  const mirrors = Object.entries(config.mirrors).map(([host, url]) => `${host} → ${url}`).join(", ") || "none";
  const certificate = config.edge.ca ?? "publicly trusted";
  const edge = `edge ${config.edge.address}, ports ${config.edge.httpsPort} and ${config.edge.httpPort}, certificate: ${certificate}`;
  return row("host settings", "info", `${from}: base domain ${config.baseDomain}; ${edge}; mirrors: ${mirrors}; ${untrustedInWords(config)}`);
}

function untrustedInWords({ untrusted: { ports, replicas, tasks, memory, cpus, processes, nodeProcesses } }: HostConfig): string {
  const each = `${Math.round(memory / 1024 ** 2)} MiB, ${cpus} CPUs and ${processes} processes each`;
  return `untrusted: ports ${ports.join(", ") || "none"}, ${replicas} replicas, ${tasks} tasks, ${each}, ${nodeProcesses} processes on the node`;
}
