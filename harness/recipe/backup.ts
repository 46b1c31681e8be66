import { posix } from "node:path";
import { leadsOut, mountBehind } from "./mounts.ts";
import type { ComposeApp, ComposeService } from "./types.ts";

/** A volume of which the backup bot takes something. */
export interface CapturedVolume {
  /** Its key in the compose files. */
  readonly key: string;
  /** Its name in Docker: `stack_key`, unless compose gives it another one. */
  readonly name: string;
  /** Other apps may use it too. */
  readonly shared: boolean;
  /** Who mounts it, and where in its containers. */
  readonly mounts: readonly { readonly service: string; readonly path: string }[];
  /** What is taken, relative to the volume's root (`.` is everything); null where all of it is. */
  readonly paths: readonly string[] | null;
}

/** A path of a container that is in no volume: version 1 of the labels can name one. */
export interface CapturedPath {
  readonly service: string;
  /** Absolute, in the service's container. */
  readonly path: string;
}

/** Commands that the bot runs in a service's container; null where there is none. */
export interface Hooks {
  readonly service: string;
  readonly backupPre: string | null;
  readonly backupPost: string | null;
  readonly restorePre: string | null;
  readonly restorePost: string | null;
}

/** A label that contradicts another one, or does nothing; lint says how bad that is and what to do. */
export interface LabelFinding {
  readonly rule: string;
  readonly service: string | null;
  readonly text: string;
}

/** What the backup bot will do for an app, by its labels. */
export interface BackupPlan {
  /** Some service has `backupbot.backup=true`. Without, the rest says what it would be. */
  readonly enabled: boolean;
  readonly volumes: readonly CapturedVolume[];
  readonly containerPaths: readonly CapturedPath[];
  /** Volumes that are mounted and of which nothing is taken, by key. */
  readonly left: readonly string[];
  /** Services with at least one hook, in the order of services. */
  readonly hooks: readonly Hooks[];
  /** What contradicts itself or does nothing. None is fatal: the app runs all the same. */
  readonly findings: readonly LabelFinding[];
}

const enabling = "backupbot.backup";
const volumePrefix = "backupbot.backup.volumes.";
/** Version 1: paths in the service's own container. custom-html still has it. */
const containerPathKey = "backupbot.backup.path";
const hookKeys = {
  backupPre: "backupbot.backup.pre-hook",
  backupPost: "backupbot.backup.post-hook",
  restorePre: "backupbot.restore.pre-hook",
  restorePost: "backupbot.restore.post-hook",
} as const;
/** Version 1 has `backupbot.restore=true` beside its hooks; it changes nothing. */
const known: ReadonlySet<string> = new Set([enabling, containerPathKey, "backupbot.restore", "backupbot.enabled", ...Object.values(hookKeys)]);

/**
 * Reads the labels of the backup bot, version 1 and 2 (docs.coopcloud.tech/specs/backup/spec): once one service of a stack has
 * `backupbot.backup=true`, every volume of the stack is taken, except what labels leave out or restrict. A service with version 1's
 * `backupbot.backup.path` has just these paths of its container taken, in a volume or not.
 */
export function backupPlan(app: ComposeApp): BackupPlan {
  const marked = app.services.filter((service) => truth(service.labels[enabling]) === true);
  const rules = volumeRules(app);
  const mounted = mountsOf(app);
  const captured = [...mounted].map(([key, mounts]) => ({ key, mounts, paths: takenOf(app, rules.get(key), key, mounts) }));
  const declared = new Map(app.volumes.map((volume) => [volume.key, volume]));
  const placeOf = (key: string) => ({ name: declared.get(key)?.name ?? key, shared: isShared(declared.get(key)) });
  return {
    enabled: marked.length > 0,
    volumes: captured.flatMap(({ key, mounts, paths }) => (paths === "nothing" ? [] : [{ key, ...placeOf(key), mounts, paths }])),
    containerPaths: app.services.flatMap((service) => containerPaths(service).filter((path) => inVolume(service, path) === null).map((path) => ({ service: service.name, path }))),
    left: captured.flatMap(({ key, paths }) => (paths === "nothing" ? [key] : [])),
    hooks: app.services.map(hooksOf).filter((hooks) => Object.keys(hookKeys).some((key) => hooks[key as keyof typeof hookKeys] !== null)),
    findings: findingsOf(app, marked, rules, mounted),
  };
}

/** What the labels say about one volume, and who says it. */
interface VolumeRule {
  readonly service: string;
  readonly excluded: boolean;
  readonly paths: readonly string[] | null;
}

type Rules = ReadonlyMap<string, readonly VolumeRule[]>;
type Mounts = ReadonlyMap<string, CapturedVolume["mounts"]>;

function volumeRules(app: ComposeApp): Rules {
  const rules = new Map<string, VolumeRule[]>();
  for (const { name: service, labels } of app.services) {
    for (const [label, value] of Object.entries(labels)) {
      if (!label.startsWith(volumePrefix)) continue;
      const rest = label.slice(volumePrefix.length);
      const restricts = rest.endsWith(".path");
      const key = restricts ? rest.slice(0, -".path".length) : rest;
      const rule = { service, excluded: !restricts && truth(value) === false, paths: restricts ? listed(value).map(normal) : null };
      rules.set(key, [...(rules.get(key) ?? []), rule]);
    }
  }
  return rules;
}

/** Whether a volume is not one app's alone: made outside of it, or with a name that other apps of the recipe get too. */
export function isShared(volume: ComposeApp["volumes"][number] | undefined): boolean {
  return volume !== undefined && (volume.external || volume.fixed === true);
}

/** Who mounts each volume, by its key, and where in its containers. */
export function mountsOf(app: Pick<ComposeApp, "services">): Mounts {
  const mounted = new Map<string, { service: string; path: string }[]>();
  for (const service of app.services) {
    for (const [path, key] of Object.entries(service.mounts ?? {})) {
      mounted.set(key, [...(mounted.get(key) ?? []), { service: service.name, path }]);
    }
  }
  return mounted;
}

function takenOf(app: ComposeApp, rules: readonly VolumeRule[] = [], key: string, mounts: CapturedVolume["mounts"]): CapturedVolume["paths"] | "nothing" {
  if (rules.some(({ excluded }) => excluded)) return "nothing";
  const restricted = rules.flatMap(({ paths }) => paths ?? []);
  if (restricted.length > 0) return unique(restricted);
  // Version 1 speaks for the service that says it: another one that mounts the volume too leaves it whole.
  const users = app.services.filter(({ name }) => mounts.some(({ service }) => service === name));
  if (users.some((service) => containerPaths(service).length === 0)) return null;
  const paths = users.flatMap((service) => containerPaths(service).flatMap((path) => {
    const within = inVolume(service, path);
    return within?.key === key ? [within.path] : [];
  }));
  if (paths.length === 0) return "nothing";
  return paths.includes(".") ? null : unique(paths);
}

/** The volume that a path of a container lies in, by its key, and where in it. */
function inVolume(service: ComposeService, path: string): { key: string; path: string } | null {
  const mounts = Object.entries(service.mounts ?? {}).map(([target, key]) => ({ path: target, key }));
  const found = mountBehind(mounts, path);
  return found && { key: found.mount.key, path: found.inner };
}

function containerPaths({ labels }: ComposeService): string[] {
  return listed(labels[containerPathKey] ?? "").map(normal);
}

function hooksOf({ name, labels }: ComposeService): Hooks {
  const of = (key: keyof typeof hookKeys) => labels[hookKeys[key]]?.trim() || null;
  return { service: name, backupPre: of("backupPre"), backupPost: of("backupPost"), restorePre: of("restorePre"), restorePost: of("restorePost") };
}

function findingsOf(app: ComposeApp, marked: readonly ComposeService[], rules: Rules, mounted: Mounts): LabelFinding[] {
  const finding = (rule: string, service: string | null, text: string): LabelFinding => ({ rule, service, text });
  const several = marked.length > 1
    ? [finding("backup-on-several-services", marked[1]?.name ?? null, `backupbot.backup=true stands on ${marked.map(({ name }) => name).join(" and ")}: the specification wants it on one service of a stack`)]
    : [];
  const switchedOff = app.services.some(({ labels }) => enabling in labels && truth(labels[enabling]) === false);
  const ofServices = app.services.flatMap((service) => labelFindings(service, marked.length > 0 || switchedOff, finding));
  const ofVolumes = [...rules].flatMap(([key, said]) => volumeFindings(key, said, mounted.has(key), finding));
  const hooks = app.services.map(hooksOf);
  const dumped = hooks.filter(({ backupPre }) => backupPre !== null);
  const reread = hooks.some(({ restorePost, restorePre }) => restorePost !== null || restorePre !== null);
  const oneWay = dumped.length > 0 && !reread
    ? [finding("backup-without-restore-hook", dumped[0]?.service ?? null, "a pre-hook prepares the backup and no restore hook reads it back: after a restore the app may still have its old data")]
    : [];
  return [...several, ...ofServices, ...ofVolumes, ...oneWay];
}

type Make = (rule: string, service: string | null, text: string) => LabelFinding;

function labelFindings({ name, labels, ...service }: ComposeService, spokenFor: boolean, finding: Make): LabelFinding[] {
  const found: LabelFinding[] = [];
  const own = Object.entries(labels).filter(([label]) => label.startsWith("backupbot."));
  for (const [label, value] of own) {
    const isVolume = label.startsWith(volumePrefix);
    if (!known.has(label) && !isVolume) found.push(finding("backup-unknown-label", name, `service ${name}: no backup bot reads the label ${label}`));
    const asksTruth = label === enabling || (isVolume && !label.endsWith(".path"));
    if (asksTruth && truth(value) === null) found.push(finding("backup-bad-value", name, `service ${name}: ${label}=${value} is neither true nor false`));
  }
  const written = labels[containerPathKey];
  if (written !== undefined && own.some(([label]) => label.startsWith(volumePrefix))) {
    found.push(finding("backup-mixed-syntax", name, `service ${name} has ${containerPathKey} of version 1 and ${volumePrefix}* of version 2: which one counts depends on the bot`));
  }
  for (const path of written === undefined ? [] : listed(written)) {
    if (!path.startsWith("/")) found.push(finding("backup-bad-path", name, `service ${name}: ${containerPathKey} names ${path}, which is no absolute path in the container`));
    else if (Object.keys(service.mounts ?? {}).length === 0) found.push(finding("backup-outside-volume", name, `service ${name}: ${path} is in no volume: what is restored there is gone with the next task`));
  }
  if (own.length > 0 && !spokenFor) found.push(finding("backup-not-enabled", name, `service ${name} has backupbot labels, and no service has backupbot.backup=true: nothing is backed up`));
  return found;
}

function volumeFindings(key: string, said: readonly VolumeRule[], isMounted: boolean, finding: Make): LabelFinding[] {
  const service = said[0]?.service ?? null;
  const found: LabelFinding[] = [];
  if (!isMounted) found.push(finding("backup-unknown-volume", service, `a label speaks of the volume ${key}, which no service mounts`));
  const restricted = said.filter(({ paths }) => paths !== null);
  if (restricted.length > 0 && said.some(({ excluded }) => excluded)) {
    found.push(finding("backup-contradiction", service, `the volume ${key} is left out of the backup and restricted to ${restricted.flatMap(({ paths }) => paths).join(", ")} as well`));
  }
  for (const { service: by, paths } of restricted) {
    if (paths?.length === 0) found.push(finding("backup-bad-path", by, `${volumePrefix}${key}.path names no path`));
    for (const path of paths ?? []) {
      if (path.startsWith("/") || leadsOut(path)) found.push(finding("backup-bad-path", by, `${volumePrefix}${key}.path names ${path}: paths are relative to the volume's root`));
    }
  }
  return found;
}

/** null for what is neither. */
function truth(value: string | undefined): boolean | null {
  const word = value?.trim().toLowerCase();
  if (word === "true" || word === "1" || word === "yes") return true;
  return word === "false" || word === "0" || word === "no" || word === "" || word === undefined ? false : null;
}

function listed(value: string): string[] {
  return value.split(",").map((path) => path.trim()).filter((path) => path !== "");
}

/** `./a//b/` is `a/b`. */
function normal(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, "");
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
