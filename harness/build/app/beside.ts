import { isShared } from "../../recipe/backup.ts";
import type { ComposeApp } from "../../recipe/types.ts";

type Files = Pick<ComposeApp, "services" | "volumes">;

/**
 * What keeps two apps of a recipe from being up at once: a port of the node that only one of them can hold, a volume whose name does not
 * tell them apart and on which two servers would write. In words; null where nothing does.
 */
export function whyNotBeside(up: Files, next: Files): string | null {
  const published = ({ services }: Files) => services.flatMap(({ name, ports }) => ports.flatMap(({ published: port, protocol }) => (port === null ? [] : [{ name, port, protocol }])));
  const held = published(up);
  const clash = published(next).find((one) => held.some(({ port, protocol }) => port === one.port && protocol === one.protocol));
  if (clash) return `${clash.name} publishes port ${clash.port}, which the app that is up already holds`;
  const shared = next.volumes.find((volume) => isShared(volume) && up.volumes.some(({ name }) => name === volume.name));
  return shared ? `the volume ${shared.name} would be both apps'` : null;
}
