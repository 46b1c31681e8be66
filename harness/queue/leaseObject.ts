import type Docker from "dockerode";
import { bounded, unlessGone } from "../swarm/bounded.ts";
import { type LeaseRecord, readLabels, type Reading, toLabels } from "./leaseRecord.ts";

/** One call to the engine, milliseconds. */
export const callMs = 20_000;

/** A lease as one look found it. */
export interface Found {
  readonly id: string;
  readonly name: string;
  /** Version.Index: a write that names another one is refused. */
  readonly version: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Null: it is no lease. */
  readonly reading: Reading | null;
}

/** @param lease by id or name. @throws the engine's error, status 404 where there is none */
export async function lookAt(docker: Docker, lease: string, signal?: AbortSignal): Promise<Found> {
  return foundIn(await bounded("docker config inspect", docker.getConfig(lease).inspect(), callMs, signal));
}

/** What an inspect or a list says of a config object. */
export function foundIn({ ID: id, Version, Spec }: Docker.ConfigInfo): Found {
  return { id, name: Spec?.Name ?? id, version: Version.Index, labels: Spec?.Labels ?? {}, reading: readLabels(Spec?.Labels) };
}

/**
 * Writes a record over the one that was found, or nothing: where somebody wrote meanwhile, the engine refuses ("update out of sequence",
 * with status 500). What others wrote beside the record stays.
 * @throws the engine's error
 */
export async function write(docker: Docker, { id, name, version, labels }: Found, record: LeaseRecord, signal?: AbortSignal): Promise<void> {
  // dockerode puts plain options into the URL, which is too short for 64 KB.
  const change = { _query: { version }, _body: { Name: name, Labels: { ...labels, ...toLabels(record) } } };
  await bounded("docker config update", docker.getConfig(id).update(change), callMs, signal);
}

/** @param lease by id or name; one that is gone already is as good. @throws the engine's error */
export async function removeLease(docker: Docker, lease: string, signal?: AbortSignal): Promise<void> {
  await unlessGone(bounded("docker config rm", docker.getConfig(lease).remove(), callMs, signal));
}
