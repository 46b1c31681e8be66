import type { Inventory, Residue, Resource, ResourceKind } from "./types.ts";

const commands: Readonly<Record<ResourceKind, string>> = {
  container: "docker container rm --force --volumes",
  service: "docker service rm",
  // Nobody removes a task: it goes when its node answers again, or is itself removed.
  task: "docker node ls; docker inspect --type task",
  network: "docker network rm",
  address: "docker network disconnect --force proxy",
  secret: "docker secret rm",
  config: "docker config rm",
  volume: "docker volume rm --force",
  node: "docker container rm --force --volumes",
  file: "rm -rf",
  process: "kill -KILL",
  snapshot: "restic forget",
};

/** The resource with the command that removes it. */
export function asResidue(resource: Resource): Residue {
  const target = resource.kind === "process" || resource.kind === "task" ? resource.id : resource.name;
  return { ...resource, remove: `${commands[resource.kind]} ${quoted(target)}` };
}

/**
 * What is there now and was not before, whoever made it, except what others are known to own.
 * @param ownedByOthers on a shared Swarm: whether another live run or app is known to have made it
 */
export function residueOf(before: Inventory, after: Inventory, ownedByOthers: (resource: Resource) => boolean = () => false): Residue[] {
  const known = new Set(before.resources.map((r) => `${r.kind} ${r.id}`));
  return after.resources.filter((r) => !known.has(`${r.kind} ${r.id}`) && !ownedByOthers(r)).map(asResidue);
}

function quoted(word: string): string {
  return /^[\w./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
