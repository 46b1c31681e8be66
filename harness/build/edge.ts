import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../base/errors.ts";
import type { HostConfig } from "../config/host.ts";
import type { Edge } from "../swarm/types.ts";

/** The edge of a local Swarm, from the host's settings. @throws UsageError where the CA file can't be read */
export function edgeOf(config: HostConfig): Edge {
  const { address, httpsPort, httpPort, ca } = config.edge;
  return { address, httpsPort, httpPort, baseDomain: config.baseDomain, trust: ca === null ? "public" : { ca: readCa(ca) } };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`host.json: edge.ca ${path}`, `can't be read: ${messageOf(error)}`, "name the PEM file of the CA that signed the edge's certificate");
  }
}
