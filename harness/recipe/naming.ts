import { randomBytes } from "node:crypto";
import { UsageError } from "../base/errors.ts";
import type { ComposeApp } from "./types.ts";

/** Docker's limit for the names of secrets and configs. */
const longestName = 64;
/** abra shortens longer stack names in a way that is not documented, so none is made. */
const longestStack = 45;

/** Six hex digits, random: a name derived from the commit would collide with the next run of the same commit. */
export function newNonce(): string {
  return randomBytes(3).toString("hex");
}

/** The app's DNS label: the recipe's first four letters and the nonce, `word1a2b3c`. Short because names in Swarm carry it. */
export function appLabel(recipe: string, nonce: string): string {
  const letters = recipe.toLowerCase().replace(/[^a-z]/g, "").slice(0, 4);
  return (letters || "app") + nonce;
}

/** The name that abra gives the stack of a domain: `word1a2b3c.ci.test` becomes `word1a2b3c_ci_test`. */
export function stackName(domain: string): string {
  return domain.replaceAll(".", "_");
}

/**
 * Refuses names that Docker would refuse in the middle of a deployment.
 * @throws UsageError naming the secret or config and by how much it is too long
 */
export function checkNames(app: ComposeApp, stack: string): void {
  if (stack.length > longestStack) {
    throw new UsageError(`stack name ${stack}`, `has ${stack.length} characters, ${stack.length - longestStack} more than abra keeps`, "use a shorter base domain");
  }
  const named = [...app.secrets.map((s) => ({ ...s, kind: "secret" })), ...app.configs.map((c) => ({ ...c, kind: "config" }))];
  for (const { kind, key, name } of named) {
    if (name.length <= longestName) continue;
    const over = name.length - longestName;
    throw new UsageError(
      `${kind} ${key}`,
      `its name in Swarm, ${name}, has ${name.length} characters, ${over} more than Docker's ${longestName}`,
      `shorten the ${kind}'s name in compose.yml by ${over} or use a shorter base domain`,
    );
  }
}
