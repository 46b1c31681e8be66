import type { BuildRequest } from "../../../harness/build/request.ts";

/** A request with nothing special in it. */
export const request: BuildRequest = {
  source: "wordpress", sourceBase: null, ref: null, pr: null, trust: null, base: null, variant: null, env: {}, tiers: ["install", "upgrade"], quick: false, settings: null, config: null,
  swarm: "ephemeral", out: "/nowhere/out", keepMs: null, abra: null, standIn: false, install: false, hostImages: false, hostConfig: null,
  trigger: "manual", deadlineMs: 60_000,
};
