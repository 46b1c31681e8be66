/** The host's settings in force, and where they come from. */
import type { HostConfig } from "../../config/host.ts";
import { type Row, row } from "./row.ts";

export function judgeSettings(config: HostConfig, from: string): Row {
  const mirrors = Object.entries(config.mirrors).map(([host, url]) => `${host} → ${url}`).join(", ") || "none";
  const certificate = config.edge.ca ?? "publicly trusted";
  return row("host settings", "info", `${from}: base domain ${config.baseDomain}; edge ${config.edge.address}, ports ${config.edge.httpsPort} and ${config.edge.httpPort}, certificate: ${certificate}; mirrors: ${mirrors}`);
}
