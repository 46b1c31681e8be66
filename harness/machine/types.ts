import type Docker from "dockerode";

/** What a build needs of the machine it runs on, as it was found or made. */
export interface Machine {
  /** The host's engine: the one of the current Docker context. */
  readonly docker: Docker;
  /** Image of a node of a throwaway Swarm; there in the host's engine. */
  readonly nodeImage: string;
  /** Traefik; there in the host's engine. */
  readonly edgeImage: string;
  /**
   * Registry host to the base URL that stands in for it here; empty where registries answer. Docker Hub is
   * `registry-1.docker.io`; repositories of other registries stand under their host's name in the stand-in.
   */
  readonly upstreams: Readonly<Record<string, string>>;
  /** Images were built from Debian's packages because a registry does not answer. */
  readonly builtImages: boolean;
  /** This call started the engine; it stays running. */
  readonly engineStarted: boolean;
  /** Lines for the banner: what is not as it is elsewhere. */
  readonly notes: readonly string[];
}

export interface ProvisionOptions {
  /** Consent given beforehand: `--install`. */
  readonly install: boolean;
  /** Asks for consent, told what would be done, one line a step. Answers false where nobody can be asked. */
  readonly ask: (steps: string[]) => Promise<boolean>;
  /** Image references that the build will want; the ones known here are served where their registry does not answer. */
  readonly seeds: readonly string[];
  /** abra's stand-in plays abra: the node must be the Debian one. */
  readonly standIn?: boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Where the engine's API is and who said so. */
export interface Endpoint {
  /** `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`, `npipe://...`. */
  readonly host: string;
  /** In words: `DOCKER_HOST`, `docker context "dev"`, `docker's default`. */
  readonly from: string;
  /** Folder with ca.pem, cert.pem and key.pem, or null without TLS. */
  readonly tlsDir: string | null;
}

/** An image of the host's engine. */
export interface ImageFact {
  /** As tagged: `traefik:v3.7`. */
  readonly ref: string;
  readonly id: string;
  /** Hash of what it was built from, where this project built it; else null. */
  readonly inputs: string | null;
}

/** What was found on the machine, before anything is decided. */
export interface MachineFacts {
  readonly linux: boolean;
  readonly root: boolean;
  readonly apt: boolean;
  readonly dockerd: boolean;
  readonly debootstrap: boolean;
  /** The engine would listen on docker's default socket on this machine: one that may be started here. */
  readonly defaultSocket: boolean;
  readonly endpoint: Endpoint;
  /** What the engine has, or null where it does not answer. */
  readonly engine: { readonly images: readonly ImageFact[] } | null;
  /** Registry hosts that gave no registry's answer. */
  readonly silent: readonly string[];
  /** The seed registry's state; `port` is null while it does not run. */
  readonly registry: { readonly port: number | null; readonly imageId: string } | null;
  /** Repository references (`library/nginx:1.27`) that the seed registry serves, with the ids it may have as an image. */
  readonly served: Readonly<Record<string, readonly string[]>>;
}

/** Something to be done to the machine. */
export type Step =
  | { readonly kind: "packages"; readonly packages: readonly string[] }
  | { readonly kind: "engine" }
  | { readonly kind: "pull"; readonly refs: readonly string[] }
  | { readonly kind: "build"; readonly refs: readonly string[] }
  | { readonly kind: "serve"; readonly start: boolean; readonly push: readonly string[] };
