import type { MountedSecrets } from "../scenarios.ts";

/**
 * What is wrong with the secrets that services ask for after a rotation, in words; an empty list is good.
 * @param wanted the new versions: names in compose.yml, and in the Swarm
 */
export function unrotated(wanted: readonly { readonly key: string; readonly name: string }[], before: readonly MountedSecrets[], after: readonly MountedSecrets[]): string[] {
  return before.flatMap(({ service, secrets }) => {
    const now = after.find((one) => one.service === service)?.secrets ?? [];
    return wanted.flatMap(({ key, name }) => {
      const prefix = name.slice(0, name.lastIndexOf("_") + 1);
      const old = secrets.filter((one) => isVersionOf(one, prefix));
      if (old.length === 0) return [];
      const kept = now.filter((one) => isVersionOf(one, prefix) && one !== name);
      if (old.includes(name)) return [`${service}: ${key} is ${name} whatever its version in the .env says: name it \${STACK_NAME}_${key}_\${SECRET_${key.toUpperCase()}_VERSION} in compose.yml`];
      return [...(now.includes(name) ? [] : [`${service}: does not ask for ${name}`]), ...kept.map((one) => `${service}: still asks for ${one}`)];
    });
  });
}

/** `stack_password_` and a version: not a secret of another name that begins the same way. */
function isVersionOf(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && !name.slice(prefix.length).includes("_");
}
