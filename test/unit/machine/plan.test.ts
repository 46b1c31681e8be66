import { describe as group, expect, it } from "vitest";
import { backupBotImage, baseImage, catalogue, debianNodeImage, dockerHub, edgeImage, hubNodeImage, type KnownImage, knownImage, ownRegistry, registryImage, standInPath } from "../../../harness/machine/catalogue.ts";
import { describe, obstacle, plan, wantedImages, wantsConsent } from "../../../harness/machine/plan.ts";
import type { ImageFact, MachineFacts } from "../../../harness/machine/types.ts";

const inputs = Object.fromEntries(catalogue.map((image) => [image.ref, `hash of ${image.ref}`]));
const offline = [dockerHub];
const seeds = ["nginx:1.27", "nobody/knows:1"];

function facts(over: Partial<MachineFacts> = {}): MachineFacts {
  return {
    linux: true, root: true, apt: true, dockerd: true, debootstrap: true, defaultSocket: true,
    endpoint: { host: "unix:///var/run/docker.sock", from: "docker's default", tlsDir: null },
    engine: { images: [] }, silent: offline, registry: null, served: {},
    ...over,
  };
}

function built(ref: string): ImageFact {
  return { ref, id: `id of ${ref}`, inputs: inputs[ref]! };
}

/** A machine without registries on which everything is done. */
function ready(): MachineFacts {
  const wanted = wantedImages(seeds, true, offline, catalogue);
  return facts({
    engine: { images: wanted.build.map((image) => built(image.ref)) },
    registry: { port: 5000, imageId: `id of ${registryImage}` },
    served: Object.fromEntries(wanted.serve.map((image) => [standInPath(image), [`id of ${image.ref}`]])),
  });
}

group("which images are wanted", () => {
  it("pulls and builds nothing of its own where Docker Hub answers", () => {
    expect(wantedImages(seeds, false, [], catalogue)).toEqual({ node: hubNodeImage, edge: edgeImage, pull: [hubNodeImage, edgeImage], build: [], serve: [] });
  });

  it("builds only the node, on the pulled Debian, for abra's stand-in", () => {
    const wanted = wantedImages(seeds, true, [], catalogue);
    expect(wanted.build.map((image) => image.ref)).toEqual([debianNodeImage]);
    expect(wanted.pull).toContain(baseImage);
  });

  it("builds node, edge, known seeds, registry and their base where Docker Hub is silent; the base first", () => {
    const wanted = wantedImages(seeds, false, offline, catalogue);
    const refs = wanted.build.map((image) => image.ref);
    expect(new Set(refs)).toEqual(new Set([baseImage, debianNodeImage, edgeImage, "nginx:1.27", registryImage]));
    expect(refs[0]).toBe(baseImage);
    expect(wanted.serve.map((image) => image.ref)).toEqual([edgeImage, "nginx:1.27"]);
    expect(wanted.pull).toEqual([]);
  });

  it("builds and serves an image of its own also where Docker Hub answers, on the pulled Debian", () => {
    const wanted = wantedImages([backupBotImage], false, [ownRegistry], catalogue);
    expect(wanted.build.map((image) => image.ref)).toEqual([backupBotImage]);
    expect(wanted.serve.map(standInPath)).toEqual([backupBotImage]);
    expect(wanted.pull).toEqual(expect.arrayContaining([baseImage, registryImage]));
  });

  it("puts another registry's repository under its host's name", () => {
    const other: KnownImage = { ref: "quay.io/a/b:1", registry: "quay.io", path: "a/b:1", folder: "b", buildArgs: {} };
    expect(standInPath(other)).toBe("quay.io/a/b:1");
    expect(standInPath(knownImage("nginx:1.27")!)).toBe("library/nginx:1.27");
  });

  it("serves what other makers publish under the name that recipes have for it, and builds each tag's version", () => {
    const [gitea, keycloak] = [knownImage("docker.io/gitea/gitea:1.26.0")!, knownImage("quay.io/keycloak/keycloak:26.4.7")!];
    expect([standInPath(gitea), standInPath(keycloak)]).toEqual(["gitea/gitea:1.26.0", "quay.io/keycloak/keycloak:26.4.7"]);
    expect([gitea.registry, keycloak.registry]).toEqual([dockerHub, "quay.io"]);
    expect([gitea.buildArgs, keycloak.buildArgs]).toEqual([{ VERSION: "1.26.0" }, { VERSION: "26.4.7" }]);
  });

  it("knows an image under each spelling, and none by digest", () => {
    expect(knownImage("docker.io/library/nginx:1.27")?.ref).toBe("nginx:1.27");
    expect(knownImage("nginx:1.27@sha256:0000")).toBeUndefined();
    expect(knownImage("nginx:1.26")).toBeUndefined();
  });
});

group("the steps that are left", () => {
  const wanted = wantedImages(seeds, true, offline, catalogue);
  const kinds = (found: MachineFacts) => plan(found, wanted, inputs).map((step) => step.kind);

  it("are none on a machine that is ready", () => {
    expect(plan(ready(), wanted, inputs)).toEqual([]);
  });

  it("are all of them, in order, on a fresh one", () => {
    const steps = plan(facts({ engine: null, dockerd: false, debootstrap: false }), wanted, inputs);
    expect(steps.map((step) => step.kind)).toEqual(["packages", "engine", "build", "serve"]);
    expect(steps[0]).toEqual({ kind: "packages", packages: ["docker.io", "iptables", "debootstrap"] });
  });

  it("start an engine that is installed and down, without installing it", () => {
    expect(kinds({ ...ready(), engine: null })).toEqual(["engine", "build", "serve"]);
  });

  it("build anew what was built from other inputs, and serve it again", () => {
    const found = ready();
    const images = found.engine!.images.map((image) => (image.ref === "nginx:1.27" ? { ...image, inputs: "old" } : image));
    expect(plan({ ...found, engine: { images } }, wanted, inputs)).toEqual([
      { kind: "build", refs: ["nginx:1.27"] },
      { kind: "serve", start: false, push: ["nginx:1.27"] },
    ]);
  });

  it("keep somebody's real image under a name that is only imitated here, but not a foreign node", () => {
    const found = ready();
    const foreign = (ref: string) => ({ ...found, engine: { images: found.engine!.images.map((image) => (image.ref === ref ? { ...image, inputs: null } : image)) } });
    expect(plan(foreign("nginx:1.27"), wanted, inputs)).toEqual([]);
    expect(plan(foreign(debianNodeImage), wanted, inputs)).toEqual([{ kind: "build", refs: [debianNodeImage] }]);
  });

  it("start the registry that stopped, push what it lost", () => {
    const found = ready();
    expect(plan({ ...found, registry: { ...found.registry!, port: null }, served: {} }, wanted, inputs)).toEqual([
      { kind: "serve", start: true, push: [edgeImage, "nginx:1.27"] },
    ]);
    expect(plan({ ...found, served: { ...found.served, "library/nginx:1.27": ["another id"] } }, wanted, inputs)).toEqual([
      { kind: "serve", start: false, push: ["nginx:1.27"] },
    ]);
  });

  it("pull the real image over an imitation once its registry answers", () => {
    const online = wantedImages([], false, [], catalogue);
    const imitation = facts({ silent: [], engine: { images: [built(edgeImage), { ref: hubNodeImage, id: "x", inputs: null }] } });
    expect(plan(imitation, online, inputs)).toEqual([{ kind: "pull", refs: [edgeImage] }]);
  });

  it("want consent for all but a pull", () => {
    const steps = plan(facts({ engine: null, dockerd: false }), wanted, inputs);
    expect(steps.every(wantsConsent)).toBe(true);
    expect(wantsConsent({ kind: "pull", refs: [] })).toBe(false);
    expect(steps.map((step) => describe(step, "/log")).join("\n")).toContain("install docker.io, iptables with apt-get");
  });
});

group("what stands in the way", () => {
  const wanted = wantedImages([], true, offline, catalogue);
  const blocked = (over: Partial<MachineFacts>) => {
    const found = facts(over);
    return obstacle(plan(found, wanted, inputs), found);
  };

  it("nothing, for root with apt and the default socket", () => {
    expect(blocked({ engine: null, dockerd: false, debootstrap: false })).toBeNull();
  });

  it("an engine elsewhere that does not answer is never replaced by one here", () => {
    expect(blocked({ engine: null, defaultSocket: false, endpoint: { host: "tcp://far:2375", from: "DOCKER_HOST", tlsDir: null } })?.what).toBe("no Docker engine answers at tcp://far:2375 (from DOCKER_HOST)");
  });

  it("no root, no apt, another system: each says what to do", () => {
    expect(blocked({ engine: null, root: false })?.what).toContain("only root");
    expect(blocked({ engine: null, dockerd: false, apt: false })?.remedy).toContain("docker.io");
    expect(blocked({ engine: null, linux: false })?.remedy).toContain("Docker Desktop");
    expect(blocked({ root: false })?.what).toContain("Docker Hub does not answer");
  });
});
