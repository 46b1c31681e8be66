import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { SavedFailure } from "../../watch/watch.ts";
import type { Build } from "../context.ts";

/**
 * Writes the first and the latest failure of each slot the moment the watch tells them, masked: on disk before this returns,
 * so that a build that is killed right then has them. What can't be written is a warning, once.
 * @param app whose watch it is: head, base
 * @returns writes `watch/<app>-<change>/<service>.<slot>.first.log` or `.latest.log` in the results' folder
 */
export function failureFiles(build: Build, app: string): (failure: SavedFailure) => void {
  const written = new Set<string>();
  let warned = false;
  return (failure) => {
    const path = pathOf(app, failure);
    try {
      const file = join(build.request.out, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, build.mask.text(textOf(failure)));
      if (!written.has(path)) build.findings.artifacts.push({ kind: "failure-log", path });
      written.add(path);
    } catch (error) {
      if (!warned) build.warn(`a failure's log could not be written: ${messageOf(error)}`);
      warned = true;
    }
  };
}

function pathOf(app: string, { change, service, slot, which }: SavedFailure): string {
  const safe = (name: string) => name.replaceAll(/[^\w.-]+/g, "-");
  return join("watch", safe(`${app}-${change}`), safe(`${service}.${slot}.${which}.log`));
}

function textOf({ change, which, service, slot, task, at, exitCode, error, excusedBy, log }: SavedFailure): string {
  const facts = [
    `${which} failure of ${service}, slot ${slot}, since: ${change}`,
    `task ${task}, ended ${at}`,
    `exit code ${exitCode ?? "unknown"}`,
    ...(error === null ? [] : [`error: ${error}`]),
    ...(excusedBy === null ? [] : [`did not count, excused by ${excusedBy}`]),
  ];
  return `${[...facts, "", log.length === 0 ? "no log lines" : `last ${log.length} log lines:`, ...log].join("\n")}\n`;
}
