import type { ComposeService } from "../../types.ts";
import type { Finding } from "../finding.ts";
import { fileOf, isMap, type LintRecipe, saidAt } from "../recipe.ts";

/** On every Linux host, or made for being handed in. */
const everywhere = /^\/(?:etc\/(?:localtime|timezone|machine-id|hostname|os-release)|(?:var\/)?run\/docker\.sock|dev|proc|sys|lib\/modules|tmp)(?:\/|$)/;

/** What a recipe takes of the host it runs on: paths and ports that another host lacks or another app has. */
export function hostFindings(recipe: LintRecipe): Finding[] {
  return [...recipe.app.services.flatMap((service) => [...paths(recipe, service), ...ports(recipe, service)]), ...portTwice(recipe), ...fixedVolumes(recipe)];
}

function fixedVolumes(recipe: LintRecipe): Finding[] {
  return recipe.app.volumes.filter(({ fixed }) => fixed).map(({ key, name }): Finding => ({
    rule: "fixed-volume-name",
    severity: "error",
    service: recipe.app.services.find(({ volumes }) => volumes.includes(key))?.name ?? null,
    file: saidAt(recipe, ["volumes", key])?.file ?? "compose.yml",
    text: `the volume ${key} has the fixed name ${name}: every app of this recipe on a server writes into the same one`,
    remedy: "take its name out, or begin it with ${STACK_NAME}_; where it is made for several apps, declare it external",
  }));
}

function paths(recipe: LintRecipe, { name }: ComposeService): Finding[] {
  return recipe.files.flatMap((file) =>
    bindsOf(file.content, name).flatMap((source): Finding[] => {
      const said = { service: name, file: file.name };
      if (!source.startsWith("/")) {
        return [{ ...said, rule: "relative-host-path", severity: "error", text: `service ${name} mounts ${source}, a path beside the compose file: the server has no such folder`, remedy: "use a volume, or a config for a file of the recipe" }];
      }
      const known = everywhere.test(source);
      const text = known ? `service ${name} mounts ${source} of the host` : `service ${name} mounts the host's ${source}, which has to be made by hand on each server, and no backup has it`;
      return [{ ...said, rule: "host-path", severity: known ? "advice" : "error", text, remedy: known ? "be sure that it has to" : "use a volume" }];
    }),
  );
}

function bindsOf(content: unknown, service: string): string[] {
  const services = isMap(content) ? content.services : null;
  const own = isMap(services) ? services[service] : null;
  const volumes = isMap(own) && Array.isArray(own.volumes) ? (own.volumes as unknown[]) : [];
  return volumes.flatMap((mount) => {
    if (isMap(mount)) return mount.type === "bind" && typeof mount.source === "string" ? [mount.source] : [];
    const [source = "", target] = typeof mount === "string" ? mount.split(":") : [];
    return target !== undefined && /^[./~]/.test(source) ? [source] : [];
  });
}

function ports(recipe: LintRecipe, { name, ports: all }: ComposeService): Finding[] {
  const published = all.flatMap((port) => (port.published === null ? [] : [{ ...port, published: port.published }]));
  return published.map((port): Finding => {
    const edge = port.protocol === "tcp" && (port.published === 80 || port.published === 443);
    return {
      rule: edge ? "port-of-the-edge" : "host-port",
      severity: edge ? "error" : "advice",
      service: name,
      file: fileOf(recipe, name, "ports"),
      text: `service ${name} publishes port ${port.published}/${port.protocol} on the host${edge ? ", where Traefik listens" : ": two apps of this recipe can't be on one server"}`,
      remedy: edge ? "let Traefik route to it by labels" : "let Traefik route to it, unless its protocol needs the port",
    };
  });
}

function portTwice(recipe: LintRecipe): Finding[] {
  const taken = new Map<string, string>();
  return recipe.app.services.flatMap(({ name, ports: all }) =>
    all.flatMap(({ published, protocol }): Finding[] => {
      if (published === null) return [];
      const key = `${published}/${protocol}`;
      const holder = taken.get(key);
      taken.set(key, holder ?? name);
      if (holder === undefined || holder === name) return [];
      return [{ rule: "port-twice", severity: "error", service: name, file: fileOf(recipe, name, "ports"), text: `services ${holder} and ${name} both publish port ${key}`, remedy: "give one of them another port" }];
    }),
  );
}
