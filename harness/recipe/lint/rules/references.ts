import { parseEnv, secretOf } from "../../envfile.ts";
import type { ComposeService } from "../../types.ts";
import type { Finding } from "../finding.ts";
import { fileOf, type LintRecipe, saidAt } from "../recipe.ts";

/** What names something that is not there, or is there and named by nobody. */
export function referenceFindings(recipe: LintRecipe): Finding[] {
  return [
    ...recipe.app.services.flatMap((service) => [
      ...undeclared(recipe, service),
      ...unversionedSecrets(recipe, service),
      ...danglingDependencies(recipe, service),
      ...missingConfigFiles(recipe, service),
    ]),
    ...unusedSecrets(recipe),
    ...secretsOfNobody(recipe),
  ];
}

function undeclared(recipe: LintRecipe, service: ComposeService): Finding[] {
  return (["secrets", "configs", "volumes", "networks"] as const).flatMap((section) => {
    const declared = new Set(recipe.app[section].map(({ key }) => key));
    const kind = section.slice(0, -1);
    return service[section]
      .filter((key) => !declared.has(key))
      .map((key): Finding => ({
        rule: `undeclared-${kind}`,
        severity: "fatal",
        service: service.name,
        file: fileOf(recipe, service.name, section),
        text: `service ${service.name} uses the ${kind} ${key}, which the compose files do not declare`,
        remedy: `declare it under ${section}`,
      }));
  });
}

/** An external secret named `stack_key_` lacks its version: abra generates nothing and Swarm finds no such secret. */
function unversionedSecrets({ app }: LintRecipe, service: ComposeService): Finding[] {
  return app.secrets
    .filter(({ key, name, external }) => external && name.endsWith("_") && service.secrets.includes(key))
    .map(({ key, name }): Finding => ({
      rule: "secret-without-version",
      severity: "fatal",
      service: service.name,
      file: ".env.sample",
      text: `service ${service.name} uses the secret ${key}, whose name ${name} lacks a version: .env.sample does not set it`,
      remedy: `add SECRET_${key.toUpperCase()}_VERSION=v1`,
    }));
}

function danglingDependencies(recipe: LintRecipe, service: ComposeService): Finding[] {
  const known = new Set(recipe.app.services.map(({ name }) => name));
  return service.dependsOn
    .filter((name) => !known.has(name))
    .map((name): Finding => ({
      rule: "dangling-depends-on",
      severity: "error",
      service: service.name,
      file: fileOf(recipe, service.name, "depends_on"),
      text: `service ${service.name} depends on ${name}, which no compose file defines`,
      remedy: "take it out, or correct the name",
    }));
}

function missingConfigFiles(recipe: LintRecipe, service: ComposeService): Finding[] {
  return recipe.configs
    .filter(({ key, content }) => content === null && service.configs.includes(key))
    .map(({ key, file }): Finding => ({
      rule: "config-file-missing",
      severity: "fatal",
      service: service.name,
      file: saidAt(recipe, ["configs", key])?.file ?? "compose.yml",
      text: `service ${service.name} uses the config ${key}, whose file ${file} is not in the recipe`,
      remedy: "add the file or correct its name",
    }));
}

/** Declared for a new app and used by no service of it: an operator would be asked for a secret that does nothing. */
function unusedSecrets(recipe: LintRecipe): Finding[] {
  const used = new Set(recipe.app.services.flatMap(({ secrets }) => secrets));
  return recipe.app.secrets
    .filter(({ key }) => !used.has(key))
    .map(({ key }): Finding => ({
      rule: "unused-secret",
      severity: "error",
      service: null,
      file: saidAt(recipe, ["secrets", key])?.file ?? "compose.yml",
      text: `the secret ${key} is declared and no service uses it`,
      remedy: "use it or take it out",
    }));
}

/** A version in .env.sample that no compose file names, not even an optional one. */
function secretsOfNobody({ sample, allCompose }: LintRecipe): Finding[] {
  const keys = parseEnv(sample).flatMap(({ key }) => (secretOf(key) === null ? [] : [key]));
  return [...new Set(keys)]
    .filter((key) => !allCompose.includes(key))
    .map((key): Finding => ({
      rule: "secret-of-nobody",
      severity: "error",
      service: null,
      file: ".env.sample",
      text: `${key} is set and no compose file has the secret ${secretOf(key)}`,
      remedy: "take it out, or declare the secret",
    }));
}
