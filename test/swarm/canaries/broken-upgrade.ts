import { type Canary, type Edit, failed, passed, unverified } from "./canary.ts";

const serve = "exec nginx -g 'daemon off;'";

/** An app with data, that starts with this script. */
const keeping = (script: string, more: object = {}): Edit => ({
  compose: { services: { app: { command: ["sh", "-c", `${script}; ${serve}`], volumes: ["data:/data"], ...more } }, volumes: { data: {} } },
});

const withdrawn: Edit = { compose: { services: { app: { image: "nginx:1.27-withdrawn" } } } };

const extra = (service: string) => ({ compose: { services: { [service]: { image: "nginx:1.27", networks: ["internal"] } } } });

/** Recipes that are broken, or odd, on the way from base to head. */
export const upgrades: readonly Canary[] = [
  {
    name: "vacuous-upgrade", incident: 8, about: "nothing that runs differs between base and head", base: {},
    head: { compose: { services: { app: { deploy: { labels: { "coop-cloud.${STACK_NAME}.version": "0.1.0+1.27" } } } } }, files: { "abra.sh": "#!/bin/bash\n\n# A comment.\nexport PAGE_VERSION=v1\n", "index.html": "<!doctype html>\n<title>vacuous-upgrade</title>\n<p>base</p>\n" } },
    expect: unverified("tier-unverified", null, { words: /nothing that runs differs/, tiers: { install: "passed", upgrade: "unverified" } }),
  },
  {
    name: "rollback-looks-green", incident: 7, about: "head fails on base's data, and Swarm goes back to base", base: keeping("touch /data/old"),
    head: keeping("test ! -e /data/old || exit 9", { deploy: { update_config: { order: "start-first", failure_action: "rollback", monitor: "5s" } } }),
    expect: failed("rolled-back", "app", { tiers: { install: "passed" } }),
  },
  {
    name: "only-upgrade-breaks", about: "head installs, and fails on base's data", base: keeping("touch /data/old"), head: keeping("test ! -e /data/old || exit 9"),
    expect: failed("paused", "app", { tiers: { install: "passed" } }),
  },
  {
    name: "only-install-breaks", about: "head needs what only base makes", base: keeping("touch /data/old"), head: keeping("test -e /data/old || exit 9"),
    expect: failed("crash-loop", "app", { words: /9/ }),
  },
  { name: "base-image-gone", about: "base's image was withdrawn", base: withdrawn, expect: unverified("base-broken", "app", { tiers: { install: "passed" } }) },
  { name: "base-crashes", about: "base exits at its start", base: { compose: { services: { app: { command: ["false"] } } } }, expect: unverified("base-broken", "app", { tiers: { install: "passed" } }) },
  {
    name: "base-gone-older-goes", about: "base's image was withdrawn, and head is reached from the version before", older: [{}], base: withdrawn,
    expect: unverified("base-broken", "app", { words: /^upgraded from 0\.0\.1\+1\.27 instead: passed$/, tiers: { install: "passed", upgrade: "unverified" }, warning: /the upgrade is tested from 0\.0\.1\+1\.27 instead/ }),
  },
  {
    name: "base-gone-older-breaks", about: "base's image was withdrawn, and head fails on the data of the version before", older: [keeping("touch /data/old")], base: withdrawn, head: keeping("test ! -e /data/old || exit 9"),
    expect: failed("paused", "app", { tiers: { install: "passed" }, warning: /the upgrade is tested from 0\.0\.1\+1\.27 instead/ }),
  },
  {
    name: "three-gone", about: "base's image and those of two versions before were withdrawn: no more are tried", older: [{}, withdrawn, withdrawn], base: withdrawn,
    expect: unverified("base-broken", "app", { words: /^0\.0\.2\+1\.27 can't be deployed any more/, tiers: { install: "passed", upgrade: "unverified" } }),
  },
  { name: "config-not-bumped", about: "a config's file changed and its version did not", base: {}, head: { files: { "abra.sh": "#!/bin/bash\n\nexport PAGE_VERSION=v1\n" } }, expect: failed("config-not-bumped", "app", { tiers: { install: "passed" }, lint: "fail" }) },
  { name: "service-left-over", incident: 16, about: "a service of base that head no longer has", base: extra("old"), expect: passed({ tiers: { upgrade: "passed" } }) },
  { name: "service-new", about: "a service that only head has", base: {}, head: extra("more"), expect: passed({ tiers: { upgrade: "passed" } }) },
  {
    name: "secret-new", about: "head wants a secret more, and no release note says so", base: {},
    head: { compose: { services: { app: { secrets: ["api_key"] } }, secrets: { api_key: { external: true, name: "${STACK_NAME}_api_key_${SECRET_API_KEY_VERSION}" } } }, sample: "SECRET_API_KEY_VERSION=v1" },
    expect: passed({ tiers: { upgrade: "passed" }, lint: "fail", warning: /the secret api_key is new and no release note/ }),
  },
  {
    name: "readme-only", about: "only the README changed", base: { files: { "README.md": "# Another text\n" } },
    head: { compose: { services: { app: { deploy: { labels: { "coop-cloud.${STACK_NAME}.version": "0.1.0+1.27" } } } } }, files: { "abra.sh": "#!/bin/bash\n\nexport PAGE_VERSION=v1\n", "index.html": "<!doctype html>\n<title>readme-only</title>\n<p>base</p>\n" } },
    expect: passed({ tiers: { install: "passed", upgrade: "skipped" } }),
  },
];
