import { describe, expect, it } from "vitest";
import { fetchFailure, withoutCredentials } from "../../../harness/recipe/forge.ts";
import { sourceBeside, sourceOf } from "../../../harness/recipe/source.ts";

const there = (...paths: string[]) => (path: string) => paths.includes(path);

describe("sourceOf", () => {
  it.each([
    ["https://git.example.org/o/wordpress.git", "wordpress"],
    ["ssh://git@git.example.org:2222/o/wordpress.git", "wordpress"],
    ["git@git.example.org:o/wordpress.git", "wordpress"],
    ["file:///srv/wordpress", "wordpress"],
  ])("%s is a URL", (url, name) => expect(sourceOf(url, null, there())).toEqual({ kind: "url", url, name }));

  it.each(["./wordpress", "/srv/wordpress", "../a/wordpress/", "wordpress"])("%s is a path where it exists", (path) => {
    expect(sourceOf(path, null, there(path))).toEqual({ kind: "path", path, name: "wordpress" });
  });

  it("a bare word is a name in the catalogue", () => {
    expect(sourceOf("wordpress", null, there())).toEqual({ kind: "url", url: "https://git.coopcloud.tech/coop-cloud/wordpress.git", name: "wordpress" });
  });

  it.each([
    ["https://git.example.org/org", "https://git.example.org/org/wordpress.git"],
    ["https://git.example.org/org/", "https://git.example.org/org/wordpress.git"],
    ["https://git.example.org/org/wordpress", "https://git.example.org/org/wordpress"],
    ["git@git.example.org:org/fork.git", "git@git.example.org:org/fork.git"],
  ])("SRC=%s", (src, url) => expect(sourceOf("wordpress", src, there())).toEqual({ kind: "url", url, name: "wordpress" }));

  it("SRC may be a folder, of the recipe or of what holds it", () => {
    expect(sourceOf("wordpress", "/srv", there("/srv/wordpress"))).toEqual({ kind: "path", path: "/srv/wordpress", name: "wordpress" });
    expect(sourceOf("wordpress", "/srv/wordpress", there("/srv/wordpress"))).toEqual({ kind: "path", path: "/srv/wordpress", name: "wordpress" });
  });

  it.each([["./gone", "no such folder"], ["a/b", "no such folder"], ["--upload-pack=x", "is neither"], ["ext::sh -c id", "is neither"], ["", "is neither"]])("%j is refused", (argument, said) => {
    expect(() => sourceOf(argument, null, there())).toThrow(said);
  });
});

describe("fetchFailure", () => {
  it.each([
    ["fatal: repository 'https://x/y.git/' not found", "not-found"],
    ["fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.", "not-found"],
    ["ERROR: Repository not found.\nfatal: Could not read from remote repository.", "not-found"],
    ["fatal: could not read Username for 'https://x': terminal prompts disabled", "denied"],
    ["git@x: Permission denied (publickey).", "denied"],
    ["fatal: unable to access 'https://x/': Could not resolve host: x", "unreachable"],
    ["ssh: connect to host x port 22: Connection timed out", "unreachable"],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 503", "unreachable"],
    ["git was ended after 5 min 0 s", "unreachable"],
  ])("%s", (stderr, expected) => expect(fetchFailure(stderr)).toBe(expected));

  it("shows no credentials", () => {
    expect(withoutCredentials("https://me:token@git.example.org/x.git")).toBe("https://git.example.org/x.git");
    expect(withoutCredentials("ssh://git@git.example.org/x.git")).toBe("ssh://git@git.example.org/x.git");
  });
});

describe("a recipe that another one needs", () => {
  const path = { kind: "path", path: "/src/gitea", name: "gitea" } as const;
  const url = { kind: "url", url: "https://git.example.org/me/gitea.git", name: "gitea" } as const;
  const catalogue = { kind: "url", url: "https://git.coopcloud.tech/coop-cloud/keycloak.git", name: "keycloak" };

  it("is the folder beside it", () => expect(sourceBeside(path, "keycloak", null, there("/src/keycloak"))).toEqual({ kind: "path", path: "/src/keycloak", name: "keycloak" }));
  it("is the catalogue's where there is no such folder", () => expect(sourceBeside(path, "keycloak", null, there())).toEqual(catalogue));
  it("is not what stands where the build was started", () => expect(sourceBeside(url, "keycloak", null, there("keycloak"))).toEqual(catalogue));
  it("is looked up where names are", () => expect(sourceBeside(url, "keycloak", "https://git.example.org/ours", there())).toEqual({ kind: "url", url: "https://git.example.org/ours/keycloak.git", name: "keycloak" }));
  it.each(["https://git.example.org/me/gitea.git", "https://git.example.org/me/gitea"])("is not the other one's own place, %s", (src) => {
    expect(sourceBeside(url, "keycloak", src, there())).toEqual(catalogue);
  });
});
