/** The images that this project can make itself, each a folder of test/images. A new one is a line here. Pure. */

export const dockerHub = "registry-1.docker.io";

export interface KnownImage {
  /** As recipes write it. */
  readonly ref: string;
  /** Host of the registry that has the real one; null for an image of this project's own, which is always built. */
  readonly registry: string | null;
  /** Path and tag in that registry: `library/nginx:1.27`. */
  readonly path: string;
  /** Folder under test/images. */
  readonly folder: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

export const baseImage = "debian:bookworm-slim";
export const debianNodeImage = "recipe-ci/node:bookworm";
export const hubNodeImage = "docker:28-dind";
export const edgeImage = "traefik:v3.7";
export const registryImage = "registry:2";
/** Host of images that are this project's own and that nodes pull: no registry can ever stand there (RFC 2606). */
export const ownRegistry = "recipe-ci.invalid";
export const backupBotImage = `${ownRegistry}/backup-bot-two:1`;

/** Slowest build first: two are built at a time, and a slow one started last would be waited for alone. */
export const catalogue: readonly KnownImage[] = [
  official(baseImage, "base"),
  published("gitea/gitea", "1.26.0", "gitea"),
  published("quay.io/keycloak/keycloak", "26.4.7", "keycloak"),
  published("quay.io/keycloak/keycloak", "26.4.5", "keycloak"),
  published("matrixdotorg/synapse", "v1.163.2", "synapse"),
  published("matrixdotorg/synapse", "v1.162.0", "synapse"),
  official("wordpress:6.1.1-apache", "wordpress", { TAG: "6.1.1-apache" }),
  official("wordpress:6.1.0-apache", "wordpress", { TAG: "6.1.0-apache" }),
  official(edgeImage, "traefik"),
  { ref: debianNodeImage, registry: null, path: debianNodeImage, folder: "node", buildArgs: {} },
  official("mariadb:10.11", "mariadb"),
  official("postgres:15", "postgres"),
  { ref: backupBotImage, registry: ownRegistry, path: "backup-bot-two:1", folder: "backup-bot", buildArgs: {} },
  published("ghcr.io/matrix-org/rust-synapse-compress-state", "v0.1.4", "synapse-compressor"),
  official("nginx:1.27", "nginx"),
  official(registryImage, "registry"),
];

/** The known image that a reference names, however it is spelt; a digest never matches: content made here has another. */
export function knownImage(ref: string): KnownImage | undefined {
  const plain = ref.replace(/^(index\.)?docker\.io\//, "").replace(/^library\//, "");
  return catalogue.find((image) => image.ref === plain);
}

function official(ref: string, folder: string, buildArgs: Readonly<Record<string, string>> = {}): KnownImage {
  return { ref, registry: dockerHub, path: `library/${ref}`, folder, buildArgs };
}

/** An image that its makers publish themselves, on Docker Hub unless its name says where; its folder builds any version. */
function published(name: string, tag: string, folder: string): KnownImage {
  const [first = "", ...rest] = name.split("/");
  const host = first.includes(".") ? first : null;
  return { ref: `${name}:${tag}`, registry: host ?? dockerHub, path: `${host ? rest.join("/") : name}:${tag}`, folder, buildArgs: { VERSION: tag } };
}

/** Path in a stand-in registry: Docker Hub's as it is, others under their host's name. */
export function standInPath(image: KnownImage): string {
  return image.registry === dockerHub ? image.path : `${image.registry}/${image.path}`;
}
