/** All checks of this machine, one after the other where one needs another's answer. */
import { findChromium } from "../base/chromium.ts";
import type { HostConfig } from "../config/host.ts";
import { hostMemory } from "../housekeeping/memory.ts";
import { dockerPlace, lookAtPlace, ownPlaces } from "../housekeeping/room.ts";
import { judgeDisk, judgeMemory } from "./checks/disk.ts";
import { type EngineFacts, gatherEngine, judgeEngine, notTried } from "./checks/engine.ts";
import { judgeImages } from "./checks/images.ts";
import { gatherIpvs, gatherProxy, judgeIpvs, judgeProxy } from "./checks/network.ts";
import { gatherPrivileges, judgePrivileges } from "./checks/privileges.ts";
import type { Row } from "./checks/row.ts";
import { judgeSettings } from "./checks/settings.ts";
import { type AbraFacts, gatherGit, judgeAbra, judgeBrowser, judgeGit, judgeNode } from "./checks/tools.ts";
import { defaultSocket } from "./endpoint.ts";
import { dockerdLog } from "./engine.ts";
import { look, stepsLeft } from "./machine.ts";
import type Docker from "dockerode";

export interface ExamineOptions {
  readonly abra: AbraFacts;
  readonly settings: { readonly config: HostConfig; readonly from: string };
  readonly signal: AbortSignal;
}

export interface Examination {
  readonly rows: readonly Row[];
  /** Configurations that this machine is not, so that nothing was tried with them. */
  readonly notTried: readonly string[];
  readonly docker: Docker;
}

/**
 * Looks at everything; changes nothing (a container that is tried with is removed).
 * @throws UsageError where the docker context is wrong; infra `engine-silent`; the signal's reason
 */
export async function examine({ abra, settings, signal }: ExamineOptions): Promise<Examination> {
  const situation = await look({ seeds: [], standIn: !("version" in abra), signal });
  const { docker, endpoint, silent, wanted } = situation;
  const engine = await gatherEngine(docker, signal);
  const up: EngineFacts | null = "problem" in engine ? null : engine;
  const { steps } = await stepsLeft(situation, signal);
  // Docker Desktop listens on a local socket too, in front of another kernel.
  const local = process.platform === "linux" && endpoint.host === defaultSocket && !/desktop/i.test(up?.system ?? "");
  const { free, reserveMemory } = settings.config;
  const disks = await Promise.all([...(local ? [dockerPlace(free, up?.rootDir ?? "/var/lib/docker")] : []), ...ownPlaces(free, { out: null, cache: true })].map(lookAtPlace));
  const rows = [
    ...judgeEngine(engine, endpoint),
    judgePrivileges(up ? await gatherPrivileges(docker, signal) : null),
    judgeIpvs(await gatherIpvs(local, signal)),
    ...(up ? [judgeProxy(await gatherProxy(docker, signal), up.swarm.manager)] : []),
    ...judgeImages({ silent, wanted, steps, dockerdLog: dockerdLog() }),
    ...disks.map(judgeDisk),
    judgeMemory(await hostMemory(), reserveMemory),
    judgeAbra(abra),
    judgeGit(await gatherGit(signal)),
    judgeNode(process.version),
    judgeBrowser(findChromium()),
    judgeSettings(settings.config, settings.from),
  ];
  return { rows, notTried: up ? notTried(up) : [], docker };
}
