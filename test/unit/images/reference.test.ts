import { expect, test } from "vitest";
import { parseReference, registryHostsOf } from "../../../harness/swarm/images/reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["nginx", "registry-1.docker.io", "library/nginx", "latest", "nginx"],
  ["nginx:1.27", "registry-1.docker.io", "library/nginx", "1.27", "nginx"],
  ["docker.io/nginx:1.27", "registry-1.docker.io", "library/nginx", "1.27", "nginx"],
  ["index.docker.io/library/nginx", "registry-1.docker.io", "library/nginx", "latest", "nginx"],
  ["team/app", "registry-1.docker.io", "team/app", "latest", "team/app"],
  ["quay.io/keycloak/keycloak:26", "quay.io", "keycloak/keycloak", "26", "quay.io/keycloak/keycloak"],
  ["localhost/app:1", "localhost", "app", "1", "localhost/app"],
  ["localhost:5000/app", "localhost:5000", "app", "latest", "localhost:5000/app"],
  ["registry.lan:5000/a/b/c:v1", "registry.lan:5000", "a/b/c", "v1", "registry.lan:5000/a/b/c"],
  ["git.coopcloud.tech/coop-cloud/stack-ssh-deploy:latest", "git.coopcloud.tech", "coop-cloud/stack-ssh-deploy", "latest", "git.coopcloud.tech/coop-cloud/stack-ssh-deploy"],
])("%s", (text, registryHost, repository, tag, familiar) => {
  expect(parseReference(text)).toMatchObject({ registryHost, repository, tag, digest: null, target: tag, familiar });
});

test("a digest is what the registry is asked for, with or without a tag", () => {
  expect(parseReference(`nginx@${digest}`)).toMatchObject({ tag: null, digest, target: digest });
  expect(parseReference(`nginx:1.27@${digest}`)).toMatchObject({ tag: "1.27", digest, target: digest, familiar: "nginx" });
});

test.each(["", " nginx", "nginx:", ":1", "Nginx", "team/App:1", "nginx:a b", "nginx@sha256:12", `a@${digest}@${digest}`, "http://nginx", "a..b/c", "../etc", `nginx:${"x".repeat(129)}`])("%j is refused with a remedy", (text) => {
  expect(() => parseReference(text)).toThrow(/write it as/);
});

test("the registries of a recipe, each once; what is no reference is left out", () => {
  expect(registryHostsOf(["nginx", "mariadb:10", "quay.io/a/b", "No Image"])).toEqual(["registry-1.docker.io", "quay.io"]);
});
