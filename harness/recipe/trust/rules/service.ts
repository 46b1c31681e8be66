import { list, type Map_, mapping, text } from "../../composeParts.ts";
import type { Refuse } from "../bounds.ts";
import { isUnsure, shown } from "../reading.ts";
import { insideOnly } from "./paths.ts";

/** What concerns nobody but the service's own containers, or is ignored by Swarm and harmless where it is not. */
const harmless = new Set([
  "image", "command", "entrypoint", "environment", "labels", "healthcheck", "depends_on", "stop_grace_period", "stop_signal", "user", "working_dir",
  "tty", "stdin_open", "read_only", "init", "hostname", "domainname", "expose", "container_name", "dns", "dns_search", "extra_hosts", "cap_drop",
  "restart", "ulimits", "tmpfs", "shm_size", "links", "mac_address",
]);

/** Judged by rules of their own. */
const elsewhere = new Set(["volumes", "networks", "ports", "deploy", "secrets", "configs"]);

/** Keys that reach beyond the container, what each asks for, and the values that ask for nothing. */
const beyond: Readonly<Record<string, readonly [what: string, fine: readonly string[]]>> = {
  privileged: ["asks for all that root of the node may do", []],
  cap_add: ["asks for capabilities that containers do not have by default", []],
  devices: ["asks for devices of the node", []],
  device_cgroup_rules: ["asks for devices of the node", []],
  network_mode: ["joins a network of the node or of another container", ["bridge", "none", "default"]],
  pid: ["sees the processes of the node or of another container", []],
  ipc: ["shares memory with the node or another container", ["none", "private", "shareable"]],
  uts: ["shares the node's host name", []],
  userns_mode: ["shares the node's users", []],
  cgroup: ["shares the node's control groups", ["private"]],
  cgroupns_mode: ["shares the node's control groups", ["private"]],
  cgroup_parent: ["leaves the control group that its limits are set on", []],
  security_opt: ["loosens what confines the container", ["no-new-privileges:true", "no-new-privileges=true", "no-new-privileges"]],
  credential_spec: ["reads credentials of the node", []],
  external_links: ["reaches containers of other stacks", []],
  volumes_from: ["mounts what other containers have", []],
  extends: ["takes its definition from another file", []],
  build: ["builds an image out of files of the node", []],
  runtime: ["chooses what runs the container", []],
  oom_score_adj: ["has others killed before it where memory runs out", []],
};

/** Those that Docker gives each container values of its own for. */
const ownSysctl = /^(?:net\.|kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$|fs\.mqueue\.)/;

/** Log drivers that write on the node and send nothing from it. */
const localLogs = new Set(["json-file", "local", "none"]);

/** Keys of one service that reach beyond its containers. What nobody knows to be harmless is refused. */
export function serviceRefusals(service: Map_, place: string, refuse: Refuse): void {
  for (const [key, value] of Object.entries(service)) {
    const at = `${place}.${key}`;
    if (isNothing(value) || harmless.has(key) || elsewhere.has(key)) continue;
    const known = Object.hasOwn(beyond, key) ? beyond[key] : undefined;
    if (known) {
      if (!isFine(value, known[1])) refuse(ruleOf(key), at, `${shown(value)} ${known[0]}`, "take it out");
    } else if (key === "sysctls") sysctls(value, at, refuse);
    else if (key === "logging") logging(mapping(value, at), at, refuse);
    else if (key === "env_file") envFiles(value, at, refuse);
    else if (!key.startsWith("x-")) refuse("unknown-key", at, "is not known to be harmless", "take it out");
  }
}

function ruleOf(key: string): string {
  return key.replaceAll("_", "-");
}

/** Absent, or plainly no: `"no"` and `off` are a yes to one reader of YAML and a no to another. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "false") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isFine(value: unknown, fine: readonly string[]): boolean {
  return (Array.isArray(value) ? value : [value]).every((one) => typeof one === "string" && fine.includes(one));
}

function sysctls(value: unknown, at: string, refuse: Refuse): void {
  const names = Array.isArray(value) ? value.map((line) => (isUnsure(line) ? line : text(line, at).split("=")[0])) : Object.keys(mapping(value, at));
  for (const name of names) {
    if (typeof name !== "string" || !ownSysctl.test(name)) refuse("sysctls", at, `${shown(name)} is the kernel's, not the container's`, "take it out");
  }
}

function logging(value: Map_, at: string, refuse: Refuse): void {
  const { driver } = value;
  if (!isNothing(driver) && !(typeof driver === "string" && localLogs.has(driver))) {
    refuse("logging", `${at}.driver`, `${shown(driver)} has the node itself send logs elsewhere`, `use ${[...localLogs].join(" or ")}`);
  }
}

function envFiles(value: unknown, at: string, refuse: Refuse): void {
  for (const one of typeof value === "string" ? [value] : list(value, at)) {
    insideOnly(typeof one === "object" && one !== null ? (one as Map_).path : one, at, refuse);
  }
}
