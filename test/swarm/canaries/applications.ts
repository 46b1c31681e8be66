import { type Canary, passed } from "./canary.ts";

const all = { install: "passed", upgrade: "passed", backup: "passed", restore: "passed" } as const;

/** Real applications beside the canaries, with their own settings and tests (recipes/). What they bear besides is a night's (test/nightly). */
export const applications: readonly Canary[] = [
  // The node has no browser, which its custom tests ask for: the demo runs those.
  { name: "wordpress", about: "WordPress with its database, and a post that comes back", fixture: true, flags: ["--stages", Object.keys(all).join(",")], expect: passed({ tiers: all, tests: ["hooks.ts: seed", "hooks.ts: verify"] }) },
  { name: "custom-html", about: "a site of files, every tier", fixture: true, expect: passed({ tiers: { ...all, custom: "passed" } }) },
];
