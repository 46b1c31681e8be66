import { addedKeys } from "../../envfile.ts";
import type { Finding } from "../finding.ts";
import { type LintRecipe, saidAt } from "../recipe.ts";

/** What an operator who upgrades from base runs into. */
export function sinceBase(head: LintRecipe, base: LintRecipe): Finding[] {
  return [...configsNotBumped(head, base), ...notMentioned(head, base)];
}

/** Swarm never changes a config: one whose file changed and whose name did not makes the upgrade fail. */
function configsNotBumped(head: LintRecipe, base: LintRecipe): Finding[] {
  return head.configs.flatMap((config): Finding[] => {
    const before = base.configs.find(({ name }) => name === config.name);
    if (!before || before.content === null || config.content === null || before.content === config.content) return [];
    const variable = versionVariable(saidAt(head, ["configs", config.key, "name"], "written")?.value);
    return [{
      rule: "config-not-bumped",
      severity: "error",
      service: head.app.services.find(({ configs }) => configs.includes(config.key))?.name ?? null,
      file: variable === null ? (saidAt(head, ["configs", config.key])?.file ?? "compose.yml") : "abra.sh",
      text: `the config ${config.key} changed (${config.file}) and kept its name ${config.name.replace(head.stack, "${STACK_NAME}")}: Swarm refuses to change a config, so nobody can upgrade`,
      remedy: variable === null ? "give its name a version, and raise that with each change" : `raise ${variable}`,
    }];
  });
}

/** The last variable in a config's name: its version by convention. */
function versionVariable(name: unknown): string | null {
  const variables = typeof name === "string" ? [...name.matchAll(/\$\{?([A-Z][A-Z0-9_]*)/g)].map((match) => match[1] ?? "") : [];
  const last = variables.at(-1);
  return last === undefined || last === "STACK_NAME" ? null : last;
}

/** Notes count that are new or changed since base: an old one told of something else. */
function notMentioned(head: LintRecipe, base: LintRecipe): Finding[] {
  const added = addedKeys(base.sample, head.sample);
  const notes = Object.entries(head.notes).filter(([name, text]) => base.notes[name] !== text).map(([, text]) => text).join("\n").toLowerCase();
  const missing = [
    ...added.env.filter((key) => !notes.includes(key.toLowerCase())),
    ...added.secrets.filter((name) => !notes.includes(name) && !notes.includes(`secret_${name}_version`)).map((name) => `the secret ${name}`),
  ];
  if (missing.length === 0) return [];
  return [{
    rule: "unmentioned-settings",
    severity: "error",
    service: null,
    file: ".env.sample",
    text: `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} new and no release note since the last version says so: who upgrades does not know`,
    remedy: `write it in release/${head.app.version ?? "next"}`,
  }];
}
