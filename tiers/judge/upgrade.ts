import type { HeadService, ServiceState } from "../context.ts";

/** Services whose running spec or running tasks are not what head's files say. */
export function notHead(head: readonly HeadService[], now: readonly ServiceState[]): string[] {
  return head.flatMap((wanted) => {
    const service = now.find((candidate) => candidate.name === wanted.name);
    if (!service) return [`${wanted.name}: head has this service and it does not run`];
    const specs = wrongImage(service.image, wanted) ? [`${wanted.name}: its spec says ${service.image}, head says ${imageOf(wanted)}`] : [];
    const tasks = service.tasks
      .filter((task) => task.state === "running" && task.desired === "running" && wrongImage(task.image, wanted))
      .map((task) => `${wanted.name}: task ${task.id} runs ${task.image}, head says ${imageOf(wanted)}`);
    return [...specs, ...tasks];
  });
}

/** Services that run although head's files do not name them. */
export function leftovers(head: readonly HeadService[], now: readonly ServiceState[]): string[] {
  return now.filter((service) => !head.some((wanted) => wanted.name === service.name)).map((service) => `${service.name}: not in head's compose files, and still there`);
}

/**
 * What is not as it was before: services, images, configuration, labels. What abra writes with every deploy does not count, nor
 * do tasks: abra hands the commit to the app, so each deploy replaces them.
 */
export function moved(before: readonly ServiceState[], now: readonly ServiceState[]): string[] {
  const names = [...new Set([...before, ...now].map((service) => service.name))];
  return names.flatMap((name) => {
    const was = before.find((service) => service.name === name);
    const is = now.find((service) => service.name === name);
    if (!was) return [`${name}: new`];
    if (!is) return [`${name}: removed`];
    return [
      ...(was.image === is.image ? [] : [`${name}: image ${was.image} -> ${is.image}`]),
      ...(was.spec === is.spec ? [] : [`${name}: its configuration`]),
      ...changedLabels(was, is).map((key) => `${name}: label ${key}`),
    ];
  });
}

/** Updates that Swarm rolled back since `before` was seen. An older roll-back keeps its StartedAt. */
export function rolledBack(before: readonly ServiceState[], now: readonly ServiceState[]): string[] {
  return now.flatMap((service) => {
    const { update } = service;
    if (!update?.state.startsWith("rollback")) return [];
    const earlier = before.find((candidate) => candidate.name === service.name)?.update;
    return earlier?.startedAt === update.startedAt ? [] : [`${service.name}: Swarm rolled the update back (${update.state})`];
  });
}

const writtenEachTime = /^coop-cloud\..*\.(chaos|chaos-version)$/;

function changedLabels(was: ServiceState, is: ServiceState): string[] {
  const keys = new Set([...Object.keys(was.labels), ...Object.keys(is.labels)]);
  return [...keys].filter((key) => !writtenEachTime.test(key) && was.labels[key] !== is.labels[key]);
}

function imageOf(wanted: HeadService): string {
  return wanted.digest === null ? wanted.image : `${wanted.image}@${wanted.digest}`;
}

/** Docker adds the digest to the tag; without one on either side the names alone can be compared. */
function wrongImage(actual: string, wanted: HeadService): boolean {
  const [name, digest] = split(actual);
  const [wantedName, ownDigest] = split(wanted.image);
  if (fullName(name) !== fullName(wantedName)) return true;
  const wantedDigest = ownDigest ?? wanted.digest;
  return digest !== null && wantedDigest !== null && digest !== wantedDigest;
}

function split(image: string): [string, string | null] {
  const [name = "", digest = null] = image.split("@");
  return [name, digest];
}

/** `nginx` is `docker.io/library/nginx:latest`, unless a digest says it all. */
function fullName(name: string): string {
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasHost ? name : `docker.io/${rest.length === 0 ? "library/" : ""}${name}`;
  return /:[^/]+$/.test(path) ? path : `${path}:latest`;
}
