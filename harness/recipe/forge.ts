import { type FindingError, infra, UsageError } from "../base/errors.ts";

/** How a fetch from a forge failed: nothing there, not let in, or not reached. */
export type FetchFailure = "not-found" | "denied" | "unreachable";

const notFound = /repository .*not found|does not appear to be a git repository|not found: did you run|returned error: 404|project you were looking for could not be found|Cannot find repository|does not exist/i;
const denied = /could not read (Username|Password)|Authentication failed|Permission denied|returned error: 40[13]|terminal prompts disabled|Host key verification failed/i;

/**
 * Reads git's own words, in the C locale. What is not recognised counts as unreachable: infra can be tried again,
 * and is nobody's fault.
 */
export function fetchFailure(stderr: string): FetchFailure {
  if (/Could not resolve host|timed out|Connection refused|Network is unreachable|returned error: 5\d\d/i.test(stderr)) return "unreachable";
  if (notFound.test(stderr)) return "not-found";
  return denied.test(stderr) ? "denied" : "unreachable";
}

/** The error for a failed fetch, with credentials taken out of the URL. */
export function fetchError(url: string, stderr: string): UsageError | FindingError {
  const shown = withoutCredentials(url);
  const lines = stderr.split("\n").filter(Boolean).map((line) => line.replaceAll(url, shown)).slice(-5);
  switch (fetchFailure(stderr)) {
    case "not-found":
      return new UsageError(shown, "there is no such recipe", "check the name or URL; SRC or --src says where recipes are looked up");
    case "denied":
      return new UsageError(shown, "does not exist or needs a login", "check the name, or give git credentials for it (a credential helper or an ssh key)");
    case "unreachable":
      return infra("forge", `${shown} could not be fetched: ${lines.at(-1) ?? "no answer"}`, "try again when the forge answers; a local clone's path works without it", lines);
  }
}

/** `https://user:token@host/x` becomes `https://host/x`. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, (whole, scheme: string) => (scheme.startsWith("ssh") ? whole : scheme));
}
