import { type Map_, mapping } from "../../composeParts.ts";
import type { Ground, Refuse } from "../bounds.ts";
import { isUnsure, section, shown } from "../reading.ts";
import { labelRefusals } from "./deploy.ts";
import { insideOnly } from "./paths.ts";
import { isNothing } from "./service.ts";

const plainName = /^[A-Za-z0-9][\w.-]*$/;

/** Networks: its own overlays, and the one that everybody shares with the edge. */
export function networkRefusals(content: Map_, ground: Ground, refuse: Refuse): void {
  for (const [key, network] of section(content, "networks")) {
    const at = `networks.${key}`;
    unknownKeys(network, at, ["external", "name", "driver", "driver_opts", "ipam", "internal", "attachable", "labels"], refuse);
    labelRefusals(network.labels, `${at}.labels`, refuse);
    if (isExternal(network.external)) {
      const name = network.name ?? legacyName(network.external) ?? key;
      if (name !== "proxy") refuse("external-network", at, `joins ${shown(name)}, a network that is not its own`, "use proxy, or a network of its own");
      continue;
    }
    ownName(network.name, at, ground, refuse);
    if (!isNothing(network.driver) && network.driver !== "overlay") refuse("network-driver", `${at}.driver`, `${shown(network.driver)} leads to networks of the node`, "use overlay");
    const options = Object.keys(mapping(network.driver_opts, `${at}.driver_opts`)).filter((option) => option !== "encrypted" && option !== "com.docker.network.driver.mtu");
    if (options.length > 0) refuse("network-driver", `${at}.driver_opts`, `${shown(options.join(", "))} may lead to networks of the node`, "take it out");
    if (!isNothing(mapping(network.ipam, `${at}.ipam`).driver) && mapping(network.ipam, `${at}.ipam`).driver !== "default") refuse("network-driver", `${at}.ipam.driver`, "runs a plugin of the node", "take it out");
  }
}

/** Volumes: its own, on the node's disk or in memory. */
export function volumeRefusals(content: Map_, ground: Ground, refuse: Refuse): void {
  for (const [key, volume] of section(content, "volumes")) {
    const at = `volumes.${key}`;
    unknownKeys(volume, at, ["external", "name", "driver", "driver_opts", "labels"], refuse);
    labelRefusals(volume.labels, `${at}.labels`, refuse);
    if (isExternal(volume.external)) refuse("external-volume", at, `mounts ${shown(volume.name ?? legacyName(volume.external) ?? key)}, a volume that is not its own`, "declare it without external");
    else ownName(volume.name, at, ground, refuse);
    if (!isNothing(volume.driver) && volume.driver !== "local") refuse("volume-driver", `${at}.driver`, `${shown(volume.driver)} is a plugin of the node`, "use the local driver");
    const options = mapping(volume.driver_opts, `${at}.driver_opts`);
    if (Object.keys(options).length > 0 && !isMemory(options)) {
      refuse("volume-options", `${at}.driver_opts`, `${shown(options)} mounts a path of the node or of another machine`, "take them out, or use type tmpfs and device tmpfs");
    }
  }
}

/** Secrets and configs: its own, made of files of the recipe or by abra. */
export function objectRefusals(content: Map_, kind: "secrets" | "configs", ground: Ground, refuse: Refuse): void {
  for (const [key, object] of section(content, kind)) {
    const at = `${kind}.${key}`;
    unknownKeys(object, at, ["external", "name", "file", "labels", "template_driver"], refuse);
    labelRefusals(object.labels, `${at}.labels`, refuse);
    if (!isNothing(object.file)) insideOnly(object.file, `${at}.file`, refuse);
    const external = isExternal(object.external);
    ownName(object.name ?? (external ? (legacyName(object.external) ?? key) : undefined), at, ground, refuse);
    if (!isNothing(object.template_driver) && object.template_driver !== "golang") refuse("template-driver", `${at}.template_driver`, `${shown(object.template_driver)} is a plugin of the node`, "use golang");
  }
}

/** A name in Swarm that no other stack has. Without one Docker takes the stack's and the key. */
function ownName(name: unknown, at: string, { stack, domain }: Ground, refuse: Refuse): void {
  if (name === undefined || name === null || name === "") return;
  const own = typeof name === "string" && plainName.test(name) && [stack, domain].some((part) => part !== "" && name.includes(part));
  if (!own) refuse("foreign-name", `${at}.name`, `${shown(name)} may be another stack's`, "begin it with ${STACK_NAME}_");
}

function isMemory({ type, device, ...rest }: Map_): boolean {
  return type === "tmpfs" && device === "tmpfs" && Object.keys(rest).every((key) => key === "o") && !isUnsure(rest.o);
}

/** Also where it is an empty mapping: docker takes any for a yes. */
function isExternal(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== "false";
}

/** `external: { name: … }`, as old formats have it. */
function legacyName(external: unknown): unknown {
  return typeof external === "object" && external !== null ? (external as Map_).name : undefined;
}

function unknownKeys(object: Map_, at: string, known: readonly string[], refuse: Refuse): void {
  for (const [key, value] of Object.entries(object)) {
    const isExtension = key.startsWith("x-") && key !== "x-cluster-spec";
    if (!known.includes(key) && !isNothing(value) && !isExtension) refuse("unknown-key", `${at}.${key}`, "is not known to be harmless", "take it out");
  }
}
