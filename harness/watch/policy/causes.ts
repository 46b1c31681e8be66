import type { Failure } from "./failures.ts";

/** What error texts of Swarm and the engine say about whose fault an end was. */

const textOf = ({ task }: Failure): string => task.error ?? "";

export const noSuchImage = (failure: Failure): boolean => /no such image/i.test(textOf(failure));

export const portTaken = (text: string | null): boolean =>
  /address already in use|port is already allocated|host-mode port already in use/i.test(text ?? "");

/** The engine could not do its own part: network, disk, memory, time. */
const engineTrouble =
  /no space left|could not find an available|address pool|network sandbox|sandbox join|failed to (set up|create|allocate) .*network|network \S+ (not found|exists)|swarm is not active|deadline exceeded|timed? ?out|cannot allocate memory|too many open files|input\/output error|connection refused|device or resource busy/i;
export const engineFailed = (failure: Failure): boolean => engineTrouble.test(textOf(failure));

/** The node itself got no address on a network (recorded: the tasks had taken them all): Swarm refuses every task there. */
export const withoutAddress = (failure: Failure): boolean => /missing network attachments|ip addresses may be exhausted/i.test(textOf(failure));

/** The image can't run what it is told to run: the next try says the same. */
export const cannotStart = (failure: Failure): boolean =>
  /executable file not found|exec format error|(no such file or directory|permission denied|is a directory|not a directory): unknown/i.test(textOf(failure));

/** The same error text with ids, paths of containers and numbers of nodes left out. */
export const sameError = (failure: Failure): string => textOf(failure).replace(/[0-9a-z]{12,}/g, "…").trim();

/** `nginx` and `docker.io/library/nginx:latest@sha256:...` name one image. */
export function imageName(ref: string): string {
  const parts = ref.replace(/@.*/, "").split("/");
  const named = parts.length > 1 && /[.:]|^localhost$/.test(`${parts[0]}`) ? parts.shift() : "docker.io";
  const host = named === "index.docker.io" ? "docker.io" : named;
  const path = host === "docker.io" && parts.length === 1 ? `library/${parts[0]}` : parts.join("/");
  return `${host}/${path.includes(":") ? path : `${path}:latest`}`;
}
