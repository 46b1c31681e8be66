/** Which engine is meant: docker's own rules for DOCKER_HOST, DOCKER_CONTEXT and the current context. */
import Docker from "dockerode";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, UsageError } from "../base/errors.ts";
import type { Endpoint } from "./types.ts";

export const defaultSocket = "unix:///var/run/docker.sock";

type Env = Readonly<Record<string, string | undefined>>;
/** Reads a file of docker's config folder, or null where there is none. */
export type ReadConfig = (path: string) => string | null;

const configSchema = z.object({ currentContext: z.string().optional() });
const metaSchema = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string().min(1) }) }) });

/**
 * The endpoint that `docker` itself would use: DOCKER_HOST, then DOCKER_CONTEXT, then config.json's currentContext.
 * @throws UsageError where the context does not exist or its files are broken
 */
export function resolveEndpoint(env: Env, dockerDir: string, read: ReadConfig): Endpoint {
  if (env.DOCKER_HOST) return { host: withScheme(env.DOCKER_HOST), from: "DOCKER_HOST", tlsDir: tlsFromEnv(env, dockerDir) };
  const configPath = join(dockerDir, "config.json");
  const config = parse(configPath, read(configPath) ?? "{}", configSchema);
  const name = env.DOCKER_CONTEXT || config.currentContext || "default";
  const from = env.DOCKER_CONTEXT ? "DOCKER_CONTEXT" : `docker context "${name}"`;
  if (name === "default") return { host: defaultSocket, from: "docker's default", tlsDir: null };
  const id = createHash("sha256").update(name).digest("hex");
  const metaPath = join(dockerDir, "contexts/meta", id, "meta.json");
  const meta = read(metaPath);
  if (meta === null) throw new UsageError(from, `there is no context named ${name}`, "docker context ls shows what there is");
  const tlsDir = join(dockerDir, "contexts/tls", id, "docker");
  return { host: parse(metaPath, meta, metaSchema).Endpoints.docker.Host, from, tlsDir: read(join(tlsDir, "ca.pem")) === null ? null : tlsDir };
}

/** The endpoint of this process's environment and user. @throws UsageError as resolveEndpoint */
export function currentEndpoint(): Endpoint {
  const dockerDir = process.env.DOCKER_CONFIG || join(homedir(), ".docker");
  return resolveEndpoint(process.env, dockerDir, (path) => (existsSync(path) ? readFileSync(path, "utf8") : null));
}

/** A client for an endpoint. Connects to nothing yet. @throws UsageError for an address that is none */
export function connect(endpoint: Endpoint): Docker {
  const { host, tlsDir } = endpoint;
  if (host.startsWith("unix://") || host.startsWith("npipe://")) return new Docker({ socketPath: host.replace(/^(unix|npipe):\/\//, "") });
  let url: URL;
  try {
    url = new URL(host);
  } catch {
    throw new UsageError(endpoint.from, `"${host}" is no address of an engine`, "write it like unix:///var/run/docker.sock or tcp://host:2376");
  }
  if (url.protocol === "ssh:") {
    return new Docker({ protocol: "ssh", host: url.hostname, port: url.port || 22, ...(url.username ? { username: url.username } : {}), sshOptions: { agent: process.env.SSH_AUTH_SOCK } } as Docker.DockerOptions);
  }
  const file = (name: string) => readFileSync(join(tlsDir ?? "", name));
  const tls = tlsDir === null ? {} : { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") };
  return new Docker({ protocol: tlsDir === null ? "http" : "https", host: url.hostname, port: url.port || (tlsDir === null ? 2375 : 2376), ...tls });
}

function tlsFromEnv(env: Env, dockerDir: string): string | null {
  return env.DOCKER_TLS_VERIFY ? env.DOCKER_CERT_PATH || dockerDir : null;
}

function withScheme(host: string): string {
  return host.includes("://") ? host : `tcp://${host}`;
}

function parse<T>(path: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new UsageError(path, `is not what docker writes: ${messageOf(error).split("\n")[0]}`, "mend it, or name the engine with DOCKER_HOST");
  }
}
