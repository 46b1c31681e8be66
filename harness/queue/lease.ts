import type Docker from "dockerode";
import pRetry from "p-retry";
import { infra, messageOf } from "../base/errors.ts";
import { bounded, statusOf, unlessGone } from "../swarm/bounded.ts";
import { beatEveryMs } from "./judgeLease.ts";
import { leaseName, type LeaseRecord, type Owned, readLabels, toLabels } from "./leaseRecord.ts";

const callMs = 20_000;

/** Against others who write to the same object, and managers that are busy: for about 20 s. Times in milliseconds. */
const retries = { retries: 60, minTimeout: 5, maxTimeout: 500, factor: 1.3, randomize: true };

/**
 * The Swarm config object that says: this run exists, owns these names, is alive. Made before anything else on a Swarm that others
 * use too, and removed last. Its data never changes; its labels do, by compare-and-set on the object's version, so that no change
 * is lost whoever else writes.
 */
export class Lease {
  readonly name: string;
  /** Aborts where somebody took the lease away: whatever the run owns may be taken down by now. */
  readonly lost: AbortSignal;
  readonly #docker: Docker;
  readonly #id: string;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Changes one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #released = false;

  private constructor(docker: Docker, id: string, run: string) {
    this.#docker = docker;
    this.#id = id;
    this.name = leaseName(run);
    this.lost = this.#lost.signal;
    this.#timer = setInterval(() => void this.#beat(), beatEveryMs);
    this.#timer.unref();
  }

  /** @throws FindingError infra (lease) where the Swarm does not take it */
  static async take(docker: Docker, record: LeaseRecord, signal: AbortSignal): Promise<Lease> {
    const body = { Name: leaseName(record.run), Labels: toLabels(record), Data: Buffer.from("the lease of a run of recipe-ci").toString("base64") };
    try {
      const made = (await bounded("docker config create", docker.createConfig(body), callMs, signal)) as { id?: string; ID?: string };
      return new Lease(docker, made.ID ?? made.id ?? body.Name, record.run);
    } catch (error) {
      signal.throwIfAborted();
      throw infra("lease", `the Swarm does not take the run's lease: ${messageOf(error)}`, "see whether its managers have a quorum: docker node ls", [], error);
    }
  }

  /** Names what is about to be made. Resolves when the Swarm has it. @throws infra (lease) */
  async own(owned: Owned): Promise<void> {
    await this.#change((record) => (record.owns.some((one) => one.kind === owned.kind && one.name === owned.name) ? record : { ...record, owns: [...record.owns, owned] }));
  }

  /** From now on nobody beats, and the run's things stay until then. @param until UTC ISO 8601 */
  async keepUntil(until: string, owns: readonly Owned[]): Promise<void> {
    clearInterval(this.#timer);
    await this.#change((record) => ({ ...record, state: "kept", until, owns }));
    this.#released = true;
  }

  /** The run is being taken down. */
  async closing(): Promise<void> {
    await this.#change((record) => ({ ...record, state: "closing" }));
  }

  /** Removes it: the run owns nothing any more. Twice is harmless. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    clearInterval(this.#timer);
    await this.#last.catch(() => {});
    await unlessGone(bounded("docker config rm", this.#docker.getConfig(this.#id).remove(), callMs));
  }

  /** Stops the signs of life without removing anything. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    // A beat that is missed is followed by the next one; a lease that is gone has been told.
    await this.#change((record) => record).catch(() => {});
  }

  #change(edit: (record: LeaseRecord) => LeaseRecord): Promise<void> {
    const changed = this.#last.catch(() => {}).then(() => this.#write(edit));
    this.#last = changed;
    return changed;
  }

  async #write(edit: (record: LeaseRecord) => LeaseRecord): Promise<void> {
    if (this.#released) return;
    try {
      await pRetry(() => this.#writeOnce(edit), { ...retries, shouldRetry: ({ error }) => statusOf(error) !== 404 });
    } catch (error) {
      if (statusOf(error) === 404) this.#lost.abort(gone(this.name));
      this.lost.throwIfAborted();
      throw infra("lease", `the run's lease can't be written: ${messageOf(error)}`, "see whether the Swarm's managers have a quorum: docker node ls", [], error);
    }
  }

  /** A call that timed out may have been carried out all the same: each try begins with a look. */
  async #writeOnce(edit: (record: LeaseRecord) => LeaseRecord): Promise<void> {
    const config = this.#docker.getConfig(this.#id);
    const { Spec, Version } = (await bounded("docker config inspect", config.inspect(), callMs)) as { Spec: { Name: string; Labels?: Record<string, string> }; Version: { Index: number } };
    const reading = readLabels(Spec.Labels);
    if (reading?.kind !== "lease") throw new Error(`${this.name} is no lease any more`);
    const next = edit({ ...reading.record, beat: reading.record.beat + 1 });
    // What others wrote beside the record stays. dockerode puts plain options into the URL, which is too short for 64 KB.
    const change = { _query: { version: Version.Index }, _body: { Name: Spec.Name, Labels: { ...Spec.Labels, ...toLabels(next) } } };
    await bounded("docker config update", config.update(change), callMs);
  }
}

function gone(name: string): Error {
  return infra("lease-lost", `${name} is gone from the Swarm: somebody took this run for dead, and what it made may be removed`, "was this machine asleep? run it again");
}
