import { oneLine } from "./reading.ts";
import type { Refusal } from "./refusal.ts";

/** What a recipe that is not trusted may have. Of host.json, `untrusted`. */
export interface Bounds {
  /** Ranges of ports that it may publish, `22` or `1024-65535`. */
  readonly ports: readonly string[];
  /** Replicas of one service, and tasks of all its services together. */
  readonly replicas: number;
  readonly tasks: number;
  /** Of each container: bytes of memory, cores, processes. */
  readonly memory: number;
  readonly cpus: number;
  readonly processes: number;
}

/** What the policy judges by besides the files themselves. */
export interface Ground {
  readonly stack: string;
  readonly domain: string;
  readonly bounds: Bounds;
}

/** Notes a refusal at a place in the file that is being judged. */
export type Refuse = (rule: string, key: string, text: string, remedy: string) => void;

/** A list of refusals, and how the rules write into it. */
export function refusing(file: string, service: string | null, into: Refusal[]): Refuse {
  return (rule, key, text, remedy) => {
    into.push({ rule, service: service === null ? null : oneLine(service, 80), file, key: oneLine(key, 200), text, remedy });
  };
}
