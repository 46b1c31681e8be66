import { list, type Map_, mapping } from "../../composeParts.ts";
import type { Refuse } from "../bounds.ts";
import { isUnsure, shown } from "../reading.ts";
import { isNothing } from "./service.ts";

/** A volume's key: nothing that Docker would take for a path, and no template that becomes another name. */
const volumeKey = /^[A-Za-z0-9][\w.-]*$/;

const socket = /(?:^|\/)(?:docker|containerd|podman|crio)[\w.-]*\.sock$/;

/** What a service mounts: its own named volumes, anonymous ones and memory, nothing of the node. */
export function mountRefusals(service: Map_, place: string, refuse: Refuse): void {
  for (const [index, item] of list(service.volumes, `${place}.volumes`).entries()) {
    const at = `${place}.volumes.${index}`;
    if (typeof item === "string") short(item, at, refuse);
    else long(mapping(item, at), at, refuse);
  }
}

function short(item: string, at: string, refuse: Refuse): void {
  if (isUnsure(item)) return unsure(item, at, refuse);
  const parts = item.split(":");
  const [source = ""] = parts;
  // A path alone is where an anonymous volume is mounted.
  if (parts.length === 1 ? !source.startsWith("/") : !volumeKey.test(source)) hostPath(source, at, refuse);
}

function long(mount: Map_, at: string, refuse: Refuse): void {
  const { type, source } = mount;
  if (isUnsure(type) || isUnsure(source)) return unsure(isUnsure(type) ? type : source, at, refuse);
  if (type === "tmpfs") return;
  if (type !== "volume") return type === "bind" ? hostPath(source, at, refuse) : refuse("mount-type", at, `mounts something of the type ${shown(type)}`, "use a volume or tmpfs");
  if (!isNothing(source) && !(typeof source === "string" && volumeKey.test(source))) hostPath(source, at, refuse);
}

function hostPath(source: unknown, at: string, refuse: Refuse): void {
  if (typeof source === "string" && socket.test(source)) {
    refuse("engine-socket", at, `mounts ${shown(source)}: whoever has the engine's socket owns the node`, "take it out");
  } else refuse("host-path", at, `mounts ${shown(source)} of the node`, "use a volume, or a config for a file of the recipe");
}

function unsure(value: unknown, at: string, refuse: Refuse): void {
  refuse("unsure", at, `what ${shown(value)} mounts depends on who reads it`, "write it with plain variables: ${NAME} or ${NAME:-default}");
}
