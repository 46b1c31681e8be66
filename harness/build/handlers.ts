import type { Handlers } from "../../tiers/rpc/protocol.ts";
import { serviceLogs } from "../swarm/logs.ts";
import { runningContainer } from "../swarm/running-container.ts";
import type { Swarm } from "../swarm/types.ts";
import type { TierName } from "../../reports/results.ts";
import type { App } from "./appState.ts";
import { savePicture } from "./pictures.ts";
import { serviceStates } from "./serviceState.ts";
import type { Site } from "./site.ts";

/** What the build answers when a test asks for something that needs Docker or abra. */
export function handlersFor(site: Site, swarm: Swarm, app: App, tier: TierName): Handlers {
  const { build } = site;
  return {
    exec: async ({ service, argv, input, timeoutMs }, signal) => {
      const container = await containerOf(swarm, app, service, signal);
      const stdin = input === null ? [] : ["-i"];
      return swarm.shell.exec(["docker", "exec", ...stdin, container, ...argv], { timeoutMs, signal, ...(input === null ? {} : { input }) }).then(ran);
    },
    logs: async ({ service, lines }, signal) => serviceLogs(swarm.docker, `${app.stack}_${service}`, { tail: lines, signal }),
    secret: async ({ name }) => {
      const value = app.secrets[name];
      if (value === undefined) throw new Error(`the app has no secret ${name}; it has ${Object.keys(app.secrets).join(", ") || "none"}`);
      return value;
    },
    abraCmd: async ({ service, command, args, timeoutMs }, signal) => {
      if (service === null) throw new Error("functions of abra.sh that run on the host are not run by tests");
      return app.abra.cmd({ domain: app.domain, service, fn: command, args, timeoutMs, signal }).then(ran);
    },
    // What the build hides besides, a token of the forge for one, is no business of a test's.
    secrets: async () => [...new Set([...Object.values(app.secrets), ...site.maskedByTests])],
    mask: async ({ value }) => {
      build.mask.add(value);
      site.maskedByTests.add(value);
      return null;
    },
    picture: async ({ name, png }) => savePicture(build, tier, name, Buffer.from(png, "base64")),
    services: () => serviceStates(swarm.docker, app.stack),
  };
}

function ran({ exitCode, stdout, stderr }: { exitCode: number; stdout: string; stderr: string }) {
  return { exitCode, stdout, stderr };
}

async function containerOf(swarm: Swarm, app: App, service: string, signal: AbortSignal): Promise<string> {
  const place = await runningContainer(swarm.docker, `${app.stack}_${service}`, signal);
  if (place) return place.container;
  const names = (await serviceStates(swarm.docker, app.stack)).map(({ name }) => name);
  throw new Error(names.includes(service) ? `service ${service} has no running task` : `the app has no service ${service}; it has ${names.join(", ")}`);
}
