import { request } from "node:http";
import { Fatal } from "./log.ts";
import { socket } from "./run.ts";

export interface Service {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Record<string, string>;
    readonly Mode: { Replicated?: { Replicas?: number }; Global?: object; ReplicatedJob?: object; GlobalJob?: object };
    readonly UpdateConfig?: { Monitor?: number };
    readonly RollbackConfig?: { Monitor?: number };
    readonly TaskTemplate: { ContainerSpec?: { Image?: string } };
  };
  readonly UpdateStatus?: { State?: string; Message?: string };
  readonly ServiceStatus?: { RunningTasks: number; DesiredTasks: number };
}

export interface Task {
  readonly ID: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: { State: string; ContainerStatus?: { ContainerID?: string } };
  readonly Spec: { ContainerSpec?: { Image?: string } };
}

const limitMs = 30_000;

/** One call to the engine's API. @throws Fatal with the daemon's own message */
export function api<T>(path: string, method = "GET", body?: unknown): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const call = request({ socketPath: socket, path, method, headers: { "content-type": "application/json" }, timeout: limitMs });
  call.on("timeout", () => call.destroy(new Error("no answer from the Docker daemon")));
  call.on("error", (error) => reject(new Fatal(`Cannot connect to the Docker daemon at unix://${socket}: ${error.message}`)));
  call.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const value = text ? JSON.parse(text) : null;
      if ((response.statusCode ?? 500) < 400) resolve(value);
      else reject(new Fatal(`Error response from daemon: ${value?.message ?? response.statusCode}`));
    });
  });
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

const query = (filters: Record<string, string[]>) => `filters=${encodeURIComponent(JSON.stringify(filters))}`;
export const ofStack = (stack: string) => ({ label: [`com.docker.stack.namespace=${stack}`] });

export function services(stack: string): Promise<Service[]> {
  return api(`/services?status=true&${query(ofStack(stack))}`);
}

/** Services with a label, of whichever stack. */
export function servicesWith(label: string): Promise<Service[]> {
  return api(`/services?${query({ label: [label] })}`);
}

export function tasks(filters: Record<string, string[]>): Promise<Task[]> {
  return api(`/tasks?${query(filters)}`);
}

/** Names of what carries a stack's label or name prefix. */
export async function volumesOf(stack: string): Promise<string[]> {
  const { Volumes } = await api<{ Volumes: { Name: string }[] | null }>(`/volumes?${query(ofStack(stack))}`);
  return (Volumes ?? []).map((volume) => volume.Name).sort();
}

export interface SecretObject {
  readonly ID: string;
  readonly Spec: { Name: string };
}

export function allSecrets(): Promise<SecretObject[]> {
  return api("/secrets");
}

export function stackConfigs(stack: string): Promise<SecretObject[]> {
  return api(`/configs?${query(ofStack(stack))}`);
}

/** @throws Fatal where the daemon is no active Swarm node */
export async function needSwarm(): Promise<void> {
  const info = await api<{ Swarm: { LocalNodeState: string } }>("/info");
  if (info.Swarm.LocalNodeState !== "active") throw new Fatal("swarm mode not enabled on local server?");
}
