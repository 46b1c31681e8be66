import { readFileSync } from "node:fs";
import { z } from "zod";
import { memoryIn } from "../base/bytes.ts";
import { messageOf, UsageError } from "../base/errors.ts";
import { freeSchema, housekeepingKeys, housekeepingKeysInWords, reserveMemorySchema, retentionSchema } from "./housekeeping.ts";
import { unknownKeys } from "./unknown.ts";

const defaultPath = "/etc/recipe-ci/host.json";

const hostSchema = z.strictObject({
  /** Apps on a local Swarm are one label under it, so that a wildcard certificate covers them. */
  baseDomain: z.string().regex(/^[a-z0-9.-]+$/, "must be a domain name in lower case").default("ci.test"),
  /** Where the edge (Traefik) of the local Swarm listens. */
  edge: z
    .strictObject({
      address: z.string().default("127.0.0.1"),
      httpsPort: z.int().min(1).max(65535).default(443),
      httpPort: z.int().min(1).max(65535).default(80),
      /** Path of the PEM certificate of the CA that signed the edge's certificate; without it a public one is expected. */
      ca: z.string().nullable().default(null),
    })
    .prefault({}),
  /** Registry host to the base URL that answers for it here: a mirror. */
  mirrors: z.record(z.string(), z.url()).default({}),
  reserveMemory: reserveMemorySchema,
  free: freeSchema,
  retention: retentionSchema,
  /** What a recipe may have that is deployed with `--trust none`. */
  untrusted: z
    .strictObject({
      /** Ports that it may publish on the throwaway node, each a port or a range. */
      ports: z.array(z.string().regex(/^\d{1,5}(?:-\d{1,5})?$/, "must be a port or a range, like 8448 or 1024-65535")).default(["1024-65535"]),
      /** Of one service, and tasks of all together. */
      replicas: z.int().min(1).default(10),
      tasks: z.int().min(1).default(50),
      /** Of each container: memory as Docker writes it, cores, processes. */
      memory: z.string().transform((written, { addIssue }) => containerMemory(written, addIssue)).prefault("2g"),
      cpus: z.number().min(0.1).default(2),
      processes: z.int().min(10).default(2000),
      /** Of all that runs on the throwaway node, its engine too. */
      nodeProcesses: z.int().min(1000).default(8192),
    })
    .prefault({}),
});

function containerMemory(written: string, addIssue: (message: string) => void): number {
  const size = memoryIn(written);
  // Below this Docker refuses it.
  if (size === null || size < 6 * 1024 ** 2) addIssue("must be a size of at least 6m, like 512m or 2g");
  return size ?? 0;
}

export type HostConfig = z.infer<typeof hostSchema>;

/**
 * The host's settings: `path`, else /etc/recipe-ci/host.json where it exists, else the defaults.
 * @throws UsageError naming the file and the key, with a suggestion for one that is misspelt
 */
export function loadHostConfig(path: string | null): { config: HostConfig; from: string } {
  const text = readText(path);
  if (text === null) return { config: hostSchema.parse({}), from: "defaults" };
  const from = path ?? defaultPath;
  return { config: parseHostConfig(text, from), from };
}

/** @throws UsageError naming `from` and the key */
export function parseHostConfig(text: string, from: string): HostConfig {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(from, `is not JSON: ${messageOf(error)}`, "mend it or leave it out");
  }
  const result = hostSchema.safeParse(parsed);
  if (result.success) return result.data;
  const unknown = unknownKeys(result.error, hostKeys);
  const issue = result.error.issues[0];
  throw new UsageError(
    from,
    unknown ?? `${issue?.path.join(".") || "the file"}: ${issue?.message ?? "is wrong"}`,
    `the keys are: baseDomain, edge.{address,httpsPort,httpPort,ca}, mirrors, untrusted.{ports,replicas,tasks,memory,cpus,processes,nodeProcesses}, ${housekeepingKeysInWords}`,
  );
}

const hostKeys = [
  "baseDomain", "edge", "mirrors", "address", "httpsPort", "httpPort", "ca", "untrusted", "ports", "replicas", "tasks", "memory", "cpus", "processes", "nodeProcesses",
  ...housekeepingKeys,
];

function readText(path: string | null): string | null {
  try {
    return readFileSync(path ?? defaultPath, "utf8");
  } catch (error) {
    if (path === null && (error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new UsageError(path ?? defaultPath, `can't be read: ${messageOf(error)}`, "name a readable file with --host-config");
  }
}
