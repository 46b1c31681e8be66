import { describe, expect, it } from "vitest";
import { invalidCompose, staticFindings } from "../../../harness/recipe/lint/static.ts";
import type { ComposeService } from "../../../harness/recipe/types.ts";
import { appOf } from "./compose.ts";

const rules = (service: Partial<ComposeService>, rest = {}) => staticFindings(appOf({ app: {}, web: service }, rest), "s").map(({ rule, service: by }) => `${by} ${rule}`);
const proxy = { networks: [{ key: "proxy", name: "proxy", external: true }] };

describe("staticFindings", () => {
  it("finds nothing in a plain app", () => expect(rules({})).toEqual([]));

  it.each([
    ["nginx", ["web moving-tag"]],
    ["nginx:latest", ["web moving-tag"]],
    ["host:5000/nginx", ["web moving-tag"]],
    ["nginx:1.27", []],
    [`nginx@sha256:${"0".repeat(64)}`, []],
    ["", ["web no-image"]],
  ])("image %j", (image, expected) => expect(rules({ image })).toEqual(expected));

  it("finds what is used and not declared", () => {
    expect(rules({ secrets: ["a"], configs: ["b"], volumes: ["c"], networks: ["d"], dependsOn: ["e"] })).toEqual([
      "web undeclared-secret", "web undeclared-config", "web undeclared-volume", "web undeclared-network", "web dangling-depends-on",
    ]);
  });

  it("finds a secret whose version nobody set", () => {
    expect(rules({ secrets: ["a"] }, { secrets: [{ key: "a", name: "s_a_", external: true }] })).toEqual(["web secret-without-version"]);
  });

  it.each([
    [{ networks: ["proxy"], env: { UPSTREAM: "http://app:80" } }, ["web app-alias-on-shared-network"]],
    [{ networks: ["proxy"], env: { UPSTREAM: "http://s_app:80" } }, []],
    [{ networks: ["proxy"], aliases: { proxy: ["app"] } }, ["web app-alias-on-shared-network"]],
    [{ networks: ["internal"], env: { UPSTREAM: "http://app:80" } }, []],
  ])("app on a shared network: %j", (service, expected) => {
    expect(rules(service, { networks: [...proxy.networks, { key: "internal", name: "s_internal", external: false }] })).toEqual(expected);
  });
});

it("an undeclared secret makes the recipe invalid, naming service and secret", () => {
  const reason = invalidCompose(staticFindings(appOf({ app: { image: "nginx", secrets: ["db_password"] } }), "s"));
  expect(reason).toMatchObject({ class: "invalid-compose", service: "app" });
  expect(reason?.summary).toContain("db_password");
  expect(invalidCompose(staticFindings(appOf({ app: { image: "nginx" } }), "s"))).toBeNull();
});
