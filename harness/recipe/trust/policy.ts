import { messageOf } from "../../base/errors.ts";
import type { ComposeFile } from "../compose.ts";
import { BadShape, type Map_, mapping, names } from "../composeParts.ts";
import { exportsOf } from "../envfile.ts";
import { MissingVariable } from "../interpolate.ts";
import { type Ground, refusing, type Refuse } from "./bounds.ts";
import { disputesIn } from "./disputes.ts";
import { commandRefusals, doubtfulExports, recipeRefusals, stackRefusals } from "./exports.ts";
import { isUnsure, readFor, section, shown } from "./reading.ts";
import type { Refusal } from "./refusal.ts";
import { deployRefusals, portRefusals, replicasIn } from "./rules/deploy.ts";
import { mountRefusals } from "./rules/mounts.ts";
import { networkRefusals, objectRefusals, volumeRefusals } from "./rules/objects.ts";
import { serviceRefusals } from "./rules/service.ts";

/** A recipe as it is about to be deployed. */
export interface Proposed {
  /** The compose files that its COMPOSE_FILE names, in order of merging. */
  readonly files: readonly ComposeFile[];
  /** The app's .env as abra will find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Its abra.sh; empty where there is none. */
  readonly abraSh: string;
}

/** What a compose file may hold besides services and what they use. */
const topLevel = new Set(["version", "services", "networks", "volumes", "secrets", "configs"]);

/** What every process has in its environment: docker reads compose files with its own, abra with the app's, and versions of it differ. */
const ofProcesses = ["PATH", "HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "SHELL", "HOSTNAME", "LANG", "LC_ALL", "TERM", "TMPDIR", "ABRA_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT"];

/**
 * All that a recipe asks for and nobody gets who is not trusted. Judged is what Docker gets: the files that the app's .env names,
 * with its variables. Merging only adds to lists and replaces values, so that each file is judged as it stands, and then all of
 * them as one; a key that nobody knows to be harmless is refused. Pure.
 */
export function refusals(proposed: Proposed, ground: Ground): Refusal[] {
  try {
    return allRefusals(proposed, ground);
  } catch (error) {
    if (!(error instanceof BadShape || error instanceof MissingVariable || error instanceof RangeError)) throw error;
    // Whoever reads it otherwise may find more in it than this project did.
    return [{ rule: "unreadable", service: null, file: proposed.files.at(-1)?.name ?? "compose.yml", key: "the file", text: shown(messageOf(error)), remedy: "write it as Docker's reference does" }];
  }
}

function allRefusals({ files, env, abraSh }: Proposed, ground: Ground): Refusal[] {
  const known = { ...env, ...exportsOf(abraSh), STACK_NAME: ground.stack };
  const doubtful = new Set([...doubtfulExports(abraSh), ...ofProcesses.filter((name) => !Object.hasOwn(known, name))]);
  const read = files.map((file) => ({ name: file.name, content: readFor(file, known, doubtful) }));
  const found: Refusal[] = [...stackRefusals(env, ground.stack), ...recipeRefusals(env)];
  for (const file of files) {
    for (const { rule, what, text, remedy } of disputesIn(file.text)) refusing(file.name, null, found)(rule, what || "the file", text, remedy);
  }
  for (const { name, content } of read) fileRefusals(name, content, ground, found);
  const merged = together(read.map(({ content }) => content));
  // What only the files together say is found where each of them is clean; what one says alone was found above.
  const said = ({ rule, service, text }: Refusal) => JSON.stringify([rule, service, text]);
  const before = new Set(found.map(said));
  const joint: Refusal[] = [];
  fileRefusals(files.map(({ name }) => name).join(" + "), merged, ground, joint);
  found.push(...joint.filter((one) => !before.has(said(one))));
  const services = section(merged, "services");
  tasksRefusal(services, ground, refusing(files.at(-1)?.name ?? "compose.yml", null, found));
  return [...found, ...commandRefusals(known, services.map(([service]) => service))];
}

function fileRefusals(file: string, content: Map_, ground: Ground, into: Refusal[]): void {
  const refuse = refusing(file, null, into);
  for (const key of Object.keys(content)) {
    if (!topLevel.has(key) && !key.startsWith("x-")) refuse(key === "include" ? "include" : "unknown-key", key, key === "include" ? "takes in other files" : "is not known to be harmless", "take it out");
  }
  for (const [name, service] of section(content, "services")) {
    const place = `services.${name}`;
    const ofService = refusing(file, name, into);
    serviceRefusals(service, place, ofService);
    mountRefusals(service, place, ofService);
    networksOf(service, place, ofService);
    deployRefusals(service, place, ground.bounds, ofService);
    portRefusals(service, place, ground.bounds, ofService);
  }
  networkRefusals(content, ground, refuse);
  volumeRefusals(content, ground, refuse);
  objectRefusals(content, "secrets", ground, refuse);
  objectRefusals(content, "configs", ground, refuse);
}

/** Names of networks that Docker knows without anybody declaring them. */
function networksOf(service: Map_, place: string, refuse: Refuse): void {
  for (const name of names(service.networks, `${place}.networks`)) {
    if (isUnsure(name) || ["host", "bridge", "none"].includes(name) || name.startsWith("container:")) {
      refuse("external-network", `${place}.networks`, `joins ${shown(name)}, a network of the node`, "use proxy, or a network of its own");
    }
  }
}

function tasksRefusal(services: readonly (readonly [string, Map_])[], { bounds }: Ground, refuse: Refuse): void {
  const tasks = services.reduce((sum, [name, service]) => sum + (replicasIn(mapping(service.deploy, name).replicas) || 1), 0);
  if (tasks > bounds.tasks) refuse("replicas", "services", `${tasks} tasks are more than ${bounds.tasks}`, `ask for ${bounds.tasks} at most (untrusted.tasks in host.json)`);
}

/** Files laid over one another, key by key; lists add up. */
function together(contents: readonly Map_[]): Map_ {
  return contents.reduce((a, b) => over(a, b) as Map_, {});
}

function over(a: unknown, b: unknown): unknown {
  if (b === undefined || b === null) return a;
  if (Array.isArray(a) && Array.isArray(b)) return [...(a as unknown[]), ...(b as unknown[])];
  if (!isMap(a) || !isMap(b)) return b;
  const own = (map: Map_, key: string) => (Object.hasOwn(map, key) ? map[key] : undefined);
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, over(own(a, key), own(b, key))]));
}

function isMap(value: unknown): value is Map_ {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

