import type { Reason } from "../../base/errors.ts";
import type { ComposeApp, ComposeService } from "../types.ts";
import { namedBy } from "../dependencies.ts";

/** Something that the compose files alone show. */
export interface Finding {
  readonly rule: string;
  readonly service: string | null;
  readonly text: string;
  /** Docker would refuse the stack, or never start the service. */
  readonly fatal: boolean;
}

/** Every static check over a recipe's compose files, in the order of services. */
export function staticFindings(app: ComposeApp, stack: string): Finding[] {
  return app.services.flatMap((service) => [
    ...imageFindings(service),
    ...undeclared(app, service),
    ...unversionedSecrets(app, service),
    ...danglingDependencies(app, service),
    ...sharedAlias(app, service, stack),
  ]);
}

/** The reason that a recipe can't be deployed at all, or null. What is fatal is the recipe's fault, class invalid-compose. */
export function invalidCompose(findings: readonly Finding[]): Reason | null {
  const fatal = findings.filter((finding) => finding.fatal);
  const [first] = fatal;
  if (!first) return null;
  return {
    class: "invalid-compose",
    service: first.service,
    summary: first.text,
    evidence: fatal.map(({ rule, text }) => `${rule}: ${text}`),
    hint: "correct the compose files: Swarm would refuse this stack",
  };
}

function imageFindings({ name, image }: ComposeService): Finding[] {
  if (image === "") return [{ rule: "no-image", service: name, text: `service ${name} has no image`, fatal: true }];
  if (image.includes("@sha256:")) return [];
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  if (tag !== undefined && tag !== "latest") return [];
  const said = tag === undefined ? "has no tag, which means latest" : "follows the moving tag latest";
  return [{ rule: "moving-tag", service: name, text: `service ${name}: image ${image} ${said}`, fatal: false }];
}

function undeclared(app: ComposeApp, service: ComposeService): Finding[] {
  return (["secrets", "configs", "volumes", "networks"] as const).flatMap((section) => {
    const declared = new Set(app[section].map(({ key }) => key));
    const kind = section.slice(0, -1);
    return service[section]
      .filter((key) => !declared.has(key))
      .map((key) => ({
        rule: `undeclared-${kind}`,
        service: service.name,
        text: `service ${service.name} uses the ${kind} ${key}, which the compose files do not declare`,
        fatal: true,
      }));
  });
}

/** An external secret named `stack_key_` lacks its version: abra generates nothing and Swarm finds no such secret. */
function unversionedSecrets(app: ComposeApp, service: ComposeService): Finding[] {
  return app.secrets
    .filter(({ key, name, external }) => external && name.endsWith("_") && service.secrets.includes(key))
    .map(({ key, name }) => ({
      rule: "secret-without-version",
      service: service.name,
      text: `service ${service.name} uses the secret ${key}, whose name ${name} lacks a version: .env.sample does not set it`,
      fatal: true,
    }));
}

function danglingDependencies(app: ComposeApp, service: ComposeService): Finding[] {
  const known = new Set(app.services.map(({ name }) => name));
  return service.dependsOn
    .filter((name) => !known.has(name))
    .map((name) => ({
      rule: "dangling-depends-on",
      service: service.name,
      text: `service ${service.name} depends on ${name}, which no compose file defines`,
      fatal: false,
    }));
}

/** On a network shared with other stacks, every recipe's `app` answers to `app`. */
function sharedAlias(app: ComposeApp, service: ComposeService, stack: string): Finding[] {
  const shared = app.networks.filter(({ key, external }) => external && service.networks.includes(key));
  return shared.flatMap(({ key, name }) => {
    const asksForIt = service.aliases?.[key]?.includes("app") ?? false;
    const uses = service.name !== "app" && bareApp(service, stack);
    if (!asksForIt && !uses) return [];
    const said = asksForIt ? "asks for the alias app" : "calls its sibling by the bare name app";
    return [{
      rule: "app-alias-on-shared-network",
      service: service.name,
      text: `service ${service.name} is on the shared network ${name} and ${said}: DNS there may answer with another stack's app; use \${STACK_NAME}_app`,
      fatal: false,
    }];
  });
}

function bareApp(service: ComposeService, stack: string): boolean {
  const withoutOwn = (text: string) => text.replaceAll(`${stack}_app`, "");
  const env = Object.fromEntries(Object.entries(service.env).map(([key, value]) => [key, withoutOwn(value)]));
  return namedBy({ ...service, env, dependsOn: [], command: (service.command ?? []).map(withoutOwn) }, ["app"], stack).has("app");
}
