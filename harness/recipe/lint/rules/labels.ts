import { nearest } from "../../../base/nearest.ts";
import type { ComposeService } from "../../types.ts";
import type { Finding } from "../finding.ts";
import { fileOf, isMap, type LintRecipe, saidAt } from "../recipe.ts";
import { traefikKnows, traefikWords } from "./traefik.ts";

/**
 * Labels that nobody reads: misspelt ones of Traefik, abra and the backup bot, and those that stand where these do not look.
 * Labels of other programs are left alone.
 */
export function labelFindings(recipe: LintRecipe): Finding[] {
  return recipe.app.services.flatMap((service) => [...unknownLabels(recipe, service), ...misplaced(recipe, service)]);
}

const namespaces = ["traefik", "coop-cloud", "backupbot"];

/** Written by recipes or by abra itself. */
const abraWords = ["version", "timeout", "recipe", "chaos", "chaos-version", "autoupdate", "auto-update"];

function unknownLabels(recipe: LintRecipe, { name, labels }: ComposeService): Finding[] {
  return Object.keys(labels).flatMap((label): Finding[] => {
    const wrong = wrongWith(label, recipe.stack);
    if (wrong === null) return [];
    const written = (words: string) => words.replaceAll(recipe.stack, "${STACK_NAME}");
    return [{
      rule: "unknown-label",
      severity: "error",
      service: name,
      file: fileOf(recipe, name, "deploy", "labels"),
      text: `service ${name}: nobody reads the label ${written(label)}${wrong.why ? `: ${wrong.why}` : ""}`,
      remedy: wrong.meant === null ? "take it out, or correct it" : written(`write ${wrong.meant}`),
    }];
  });
}

function wrongWith(label: string, stack: string): { why: string; meant: string | null } | null {
  const namespace = label.split(".")[0] ?? "";
  const rest = label.slice(namespace.length + 1);
  if (!namespaces.includes(namespace)) {
    const meant = rest === "" ? null : nearest(namespace, namespaces);
    // Two letters at most: other programs have labels too.
    return meant !== null && Math.abs(meant.length - namespace.length) <= 2 && namespace.length > 5 ? { why: "", meant: `${meant}.${rest}` } : null;
  }
  if (label.includes("${")) return { why: "Docker replaces no variables in the keys of a mapping", meant: "labels as a list of key=value" };
  if (namespace === "traefik") return traefikKnows(label) ? null : { why: "", meant: lastWord(label, traefikWords) };
  // Those of the bot are read where the backup is planned.
  if (namespace === "backupbot") return null;
  if (!rest.startsWith(`${stack}.`)) return { why: "it names no app", meant: "coop-cloud.${STACK_NAME}." + (label.split(".").at(-1) ?? "") };
  return abraWords.includes(label.split(".").at(-1) ?? "") ? null : { why: "", meant: lastWord(label, abraWords) };
}

/** The label with its last word corrected. */
function lastWord(label: string, words: readonly string[]): string | null {
  const parts = label.split(".");
  const word = parts.pop() ?? "";
  const meant = nearest(word, words);
  return meant === null || meant === word ? null : [...parts, meant].join(".");
}

/** In Swarm, Traefik, abra and the backup bot read a service's labels; `labels` outside of `deploy` are the container's. */
function misplaced(recipe: LintRecipe, { name }: ComposeService): Finding[] {
  const said = saidAt(recipe, ["services", name, "labels"]);
  const keys = Array.isArray(said?.value) ? said.value.map((line) => String(line).split("=")[0] ?? "") : isMap(said?.value) ? Object.keys(said.value) : [];
  const lost = keys.filter((key) => namespaces.includes(key.split(".")[0] ?? ""));
  if (!said || lost.length === 0) return [];
  return [{
    rule: "misplaced-label",
    severity: "error",
    service: name,
    file: said.file,
    text: `service ${name}: ${lost.map((key) => key.replaceAll(recipe.stack, "${STACK_NAME}")).join(", ")} ${lost.length === 1 ? "stands" : "stand"} under labels, the container's, which nobody reads in Swarm`,
    remedy: "move it to deploy.labels",
  }];
}
