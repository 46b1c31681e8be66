import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { mountBehind } from "../../recipe/mounts.ts";
import { kindAt, putFiles, readSmallFile, type StackContainer, stackContainers } from "../../swarm/container-files.ts";
import type { Swarm } from "../../swarm/types.ts";
import type { WitnessSeen } from "../../../tiers/context.ts";
import { alterSql, client, halvesIn, isTableMissing, plantedIn, plantSql, readSql } from "./database.ts";
import { type Gap, markerNames as names, type SeenSpot, type Spot, unmounted, type Witness } from "./plan.ts";

const clientMs = 60_000;
const helperMs = 60_000;

type Marker = Extract<Witness, { kind: "marker" }>;
type Row = Extract<Witness, { kind: "row" }>;

/** A container of the app, and a path in it. */
interface Reached {
  readonly container: StackContainer;
  readonly path: string;
}

/** What the build plants in one app to see whether it comes through. Each witness has two halves: one is removed, one changed. */
export class Witnesses {
  /** What every half says until it is altered. */
  readonly wanted = `recipe-ci planted ${randomBytes(6).toString("hex")}`;
  readonly #swarm: Swarm;
  readonly #stack: string;
  readonly #signal: AbortSignal;
  readonly #planted: Witness[] = [];

  constructor(swarm: Swarm, stack: string, signal: AbortSignal) {
    this.#swarm = swarm;
    this.#stack = stack;
    this.#signal = signal;
  }

  /** Those that stand. */
  get planted(): readonly Witness[] {
    return this.#planted;
  }

  /** What stands at each spot now. @throws the engine's error */
  async see(spots: readonly Spot[]): Promise<SeenSpot[]> {
    const containers = await this.#containers();
    return Promise.all(spots.map(async (spot) => {
      const [reached] = reach(containers, spot);
      return { spot, seen: reached ? await kindAt(this.#swarm.docker, reached.container.id, reached.path) : "unreachable" as const };
    }));
  }

  /** Plants what can be planted. @returns what could not */
  async plant(witnesses: readonly Witness[]): Promise<Gap[]> {
    const containers = await this.#containers();
    const gaps = await Promise.all(witnesses.map(async (witness) => {
      try {
        this.#planted.push(witness.kind === "marker" ? await this.#mark(containers, witness) : await this.#plantRow(containers, witness));
        return [];
      } catch (error) {
        this.#signal.throwIfAborted();
        return [{ what: witness.what, why: messageOf(error) }];
      }
    }));
    return gaps.flat();
  }

  /**
   * What became of them, in the order of `planted`.
   * @param o.services those that the app has now: what others have left behind does not count
   * @param o.elsewhere services in which the rows of others are looked for instead
   */
  async look(o: { services?: ReadonlySet<string>; elsewhere?: ReadonlyMap<string, string> } = {}): Promise<WitnessSeen[]> {
    const containers = (await this.#containers()).filter(({ service }) => o.services?.has(service) ?? true);
    return Promise.all(this.#planted.map(async (witness) => {
      const seen = { what: witness.what, wanted: this.wanted, first: null, second: null, trouble: null };
      try {
        return { ...seen, ...(await (witness.kind === "marker" ? this.#marks(containers, witness) : this.#rows(containers, { ...witness, service: o.elsewhere?.get(witness.service) ?? witness.service }))) };
      } catch (error) {
        this.#signal.throwIfAborted();
        return { ...seen, trouble: messageOf(error) };
      }
    }));
  }

  /** Removes the first half of each and changes the second. @param image has a shell and is on the node @throws Error where it could not be done */
  async alter(image: string): Promise<void> {
    const containers = await this.#containers();
    const rows = this.#planted.filter((witness) => witness.kind === "row");
    const markers = this.#planted.filter((witness) => witness.kind === "marker");
    await Promise.all([
      this.#alterMarkers(containers, markers, image),
      ...rows.map((witness) => this.#sql(containers, witness, alterSql("altered"))),
    ]);
  }

  async #containers(): Promise<StackContainer[]> {
    return ofNow(await stackContainers(this.#swarm.docker, this.#stack));
  }

  async #plantRow(containers: readonly StackContainer[], row: Row): Promise<Row> {
    const printed = await this.#sql(containers, row, plantSql(row.target.engine, this.wanted));
    return { ...row, target: plantedIn(row.target, printed) };
  }

  async #mark(containers: readonly StackContainer[], marker: Marker): Promise<Marker> {
    const { spot } = marker;
    let last: unknown = new Error(unmounted);
    // Where one service may only read, another one may write.
    for (const { container, path } of reach(containers, spot)) {
      try {
        await putFiles(this.#swarm.docker, container.id, path, { [names.first]: this.wanted, [names.second]: this.wanted });
        return marker;
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  async #marks(containers: readonly StackContainer[], { spot }: Marker): Promise<{ first: string | null; second: string | null }> {
    const [reached] = reach(containers, spot);
    if (!reached) throw new Error(unmounted);
    const read = (name: string) => readSmallFile(this.#swarm.docker, reached.container.id, posix.join(reached.path, name));
    const [first, second] = await Promise.all([read(names.first), read(names.second)]);
    return { first, second };
  }

  async #rows(containers: readonly StackContainer[], witness: Row): Promise<{ first: string | null; second: string | null }> {
    try {
      return halvesIn(await this.#sql(containers, witness, readSql[witness.target.engine]));
    } catch (error) {
      if (isTableMissing(messageOf(error))) return { first: null, second: null };
      throw error;
    }
  }

  async #sql(containers: readonly StackContainer[], { service, target }: Row, sql: string): Promise<string> {
    const container = containers.find((one) => one.service === service && one.running);
    if (!container) throw new Error(`no container of ${service} runs on this node`);
    return this.#run(["docker", "exec", "-i", container.id, ...client(target)], clientMs, sql);
  }

  /** One helper container with every volume: nothing of the app's own images is asked for a shell. */
  async #alterMarkers(containers: readonly StackContainer[], markers: readonly Marker[], image: string): Promise<void> {
    const mounts = new Map<string, string>();
    const lines: string[] = [];
    const inContainers: (() => Promise<unknown>)[] = [];
    for (const { spot, what } of markers) {
      const [reached] = reach(containers, spot);
      if (!reached) throw new Error(`${what} can't be altered: ${unmounted}`);
      const behind = mountBehind(reached.container.mounts, reached.path);
      if (behind) {
        const { volume } = behind.mount;
        const target = mounts.get(volume) ?? `/w/${mounts.size}`;
        mounts.set(volume, target);
        lines.push(...alterLines(posix.join(target, behind.inner)));
      } else {
        inContainers.push(() => this.#run(["docker", "exec", "-u", "0", reached.container.id, "sh", "-ec", alterLines(reached.path).join("\n")], helperMs));
      }
    }
    const flags = [...mounts].flatMap(([name, target]) => ["--mount", `type=volume,source=${name},target=${target},volume-nocopy`]);
    const helper = ["docker", "run", "--rm", "--network", "none", "--user", "0", "--name", `${this.#stack}_witness_helper`, ...flags, "--entrypoint", "sh", image, "-ec", lines.join("\n")];
    await Promise.all([...(lines.length > 0 ? [this.#run(helper, helperMs)] : []), ...inContainers.map((run) => run())]);
  }

  async #run(argv: readonly string[], timeoutMs: number, input?: string): Promise<string> {
    const ran = await this.#swarm.shell.exec(argv, { timeoutMs, signal: this.#signal, ...(input === undefined ? {} : { input }) });
    if (ran.timedOut) throw new Error(`${argv.slice(0, 2).join(" ")} did not end within ${timeoutMs / 1000} s`);
    if (ran.exitCode !== 0) throw new Error((ran.stderr.trim() || ran.stdout.trim() || `exit code ${ran.exitCode}`).slice(0, 400));
    return ran.stdout;
  }
}

/**
 * Containers that show what the app has now. Swarm keeps those of tasks that were replaced, with the volumes of before an upgrade: one
 * that has ended counts only where none of its service runs.
 */
export function ofNow(containers: readonly StackContainer[]): StackContainer[] {
  const up = new Set(containers.filter(({ running }) => running).map(({ service }) => service));
  return containers.filter(({ running, service }) => running || !up.has(service));
}

function alterLines(folder: string): string[] {
  const quoted = (name: string) => `'${posix.join(folder, name).replaceAll("'", "'\\''")}'`;
  return [`rm -f ${quoted(names.first)}`, `echo altered > ${quoted(names.second)}`];
}

/**
 * Where a spot can be reached now, running containers first: wherever its volume is mounted; where nothing mounts that any more, at
 * the same path if something else is mounted there: that is where the app looks for its data.
 */
function reach(containers: readonly StackContainer[], { at, from, inner }: Spot): Reached[] {
  if ("service" in from) return containers.flatMap((container) => at.filter(({ service }) => service === container.service).map(({ path }) => ({ container, path })));
  const mounted = containers.flatMap((container) => container.mounts.filter(({ volume }) => volume === from.volume).map(({ path }) => ({ container, path: posix.join(path, inner) })));
  if (mounted.length > 0) return mounted;
  return containers.flatMap((container) => at
    .filter(({ service, path }) => service === container.service && container.mounts.some((mount) => mount.path === path))
    .map(({ path }) => ({ container, path })));
}
