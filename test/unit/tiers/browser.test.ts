import { expect, test } from "vitest";
import { resolverRules } from "../../../tiers/app/browser/launch.ts";

const edge = { address: "127.0.0.1", httpsPort: 8443, httpPort: 8080, trust: "public" as const };

test("the app's name and those beside it lead to the edge, each scheme to its port, other ports as they are", () => {
  expect(resolverRules({ domain: "blog.ci.test", edge }).split(", ")).toEqual([
    "MAP blog.ci.test:443 127.0.0.1:8443", "MAP blog.ci.test:80 127.0.0.1:8080", "MAP blog.ci.test 127.0.0.1",
    "MAP *.ci.test:443 127.0.0.1:8443", "MAP *.ci.test:80 127.0.0.1:8080", "MAP *.ci.test 127.0.0.1",
  ]);
});

test("an address of six", () => {
  expect(resolverRules({ domain: "blog.ci.test", edge: { ...edge, address: "::1" } })).toContain("MAP blog.ci.test:443 [::1]:8443");
});
