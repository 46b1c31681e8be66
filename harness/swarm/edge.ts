import type Docker from "dockerode";
import { stringify } from "yaml";
import { infra, messageOf } from "../base/errors.ts";
import { waitFor, WaitTimeout } from "../base/wait.ts";
import { bounded } from "./bounded.ts";
import type { EdgeCertificate } from "./certificates.ts";
import { probe } from "./probe.ts";
import { stackLabel } from "./stack.ts";
import type { Edge } from "./types.ts";

/** Stack and service name of the harness's own edge. */
export const edgeName = "recipe-ci-edge";
export const baseDomain = "ci.test";
/** Holds the CA of the edge's certificate. */
export const caConfig = `${edgeName}_ca`;
const folder = "/etc/recipe-ci-edge";
const callMs = 20_000;

/** What Traefik is run from. */
export interface EdgeImage {
  /** An image that the node has; an id, so that the node does not ask a registry for it. */
  readonly id: string;
  /** The program, and folders of the node that it needs to see. */
  readonly command: readonly string[];
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
}

/** Static configuration as co-op cloud's own Traefik recipe has it, but for a refresh of 1 s instead of 15. */
const settings = [
  "--providers.swarm=true",
  "--providers.swarm.endpoint=unix:///var/run/docker.sock",
  "--providers.swarm.exposedByDefault=false",
  "--providers.swarm.network=proxy",
  "--providers.swarm.refreshSeconds=1",
  `--providers.file.filename=${folder}/dynamic.yml`,
  "--providers.file.watch=false",
  "--providers.providersThrottleDuration=0",
  "--entrypoints.web.address=:80",
  "--entrypoints.web.http.redirections.entrypoint.to=web-secure",
  "--entrypoints.web-secure.address=:443",
  "--global.checknewversion=false",
  "--global.sendanonymoususage=false",
];

/** The certificate for every app, and the middleware that recipes name from co-op cloud's Traefik. */
const dynamic = {
  tls: { certificates: [{ certFile: `${folder}/certificate.pem`, keyFile: "/run/secrets/key.pem" }] },
  http: {
    middlewares: {
      security: { headers: { frameDeny: true, browserXssFilter: true, contentTypeNosniff: true, stsIncludeSubdomains: true, stsPreload: true, stsSeconds: 31_536_000 } },
    },
  },
};

/**
 * Creates the edge's service on the manager of a throwaway Swarm; it still has to come up.
 * @param image asked for once certificate and settings are in the Swarm
 * @throws EngineTimeout, or the engine's error
 */
export async function deployEdge(docker: Docker, made: EdgeCertificate, image: Promise<EdgeImage>, signal: AbortSignal): Promise<void> {
  const labels = { [stackLabel]: edgeName };
  const config = async (name: string, data: string) =>
    (await bounded(`config ${name}`, docker.createConfig({ Name: name, Labels: labels, Data: base64(data) }), callMs, signal)).id;
  const [settingsId, certificateId, key] = await Promise.all([
    config(`${edgeName}_dynamic`, stringify(dynamic)),
    config(`${edgeName}_certificate`, made.certificate),
    bounded("secret", docker.createSecret({ Name: `${edgeName}_key`, Labels: labels, Data: base64(made.key) }), callMs, signal),
    config(caConfig, made.ca),
  ]);
  const from = await image;
  const spec: Docker.CreateServiceOptions = {
    Name: edgeName,
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {
        Image: from.id,
        Command: [...from.command],
        Args: settings,
        Labels: labels,
        Mounts: [
          { Type: "bind", Source: "/var/run/docker.sock", Target: "/var/run/docker.sock", ReadOnly: true },
          ...from.mounts.map((mount) => ({ Type: "bind" as const, Source: mount.source, Target: mount.target, ReadOnly: true })),
        ],
        Configs: [configFile(settingsId, `${edgeName}_dynamic`, "dynamic.yml"), configFile(certificateId, `${edgeName}_certificate`, "certificate.pem")],
        Secrets: [{ SecretID: key.id, SecretName: `${edgeName}_key`, File: { Name: "key.pem", UID: "0", GID: "0", Mode: 0o400 } }],
      },
      Placement: { Constraints: ["node.role == manager"] },
      Networks: [{ Target: "proxy" }],
      RestartPolicy: { Condition: "any", Delay: 500_000_000 },
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "dnsrr", Ports: [80, 443].map((port) => ({ Protocol: "tcp" as const, TargetPort: port, PublishedPort: port, PublishMode: "host" as const })) },
  };
  await bounded("creating the edge", docker.createService(spec), callMs, signal);
}

/**
 * Waits until the edge answers with its own certificate.
 * @throws FindingError infra `edge` with what was last seen and the task's own error; the signal's reason
 */
export async function edgeAnswers(docker: Docker, edge: Edge, timeoutMs: number, signal: AbortSignal): Promise<void> {
  try {
    await waitFor(
      async () => {
        const answer = await probe(edge, `edge.${edge.baseDomain}`, "/", { timeoutMs: 2000, signal });
        if (answer.kind === "error") return { done: false, saw: answer.error };
        if (answer.certificate !== "own") return { done: false, saw: `certificate: ${answer.certificateError}` };
        return { done: true, value: undefined };
      },
      { what: "the edge", timeoutMs, signal, intervalMs: 50, maxIntervalMs: 250 },
    );
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    throw infra("edge", "Traefik did not come up on the throwaway Swarm", "run `recipe-ci doctor`", [error.message, ...(await taskErrors(docker))], error);
  }
}

/** The CA of an edge that another process deployed. @throws where this Swarm has no such edge */
export async function edgeCa(docker: Docker): Promise<string> {
  const found: unknown = await bounded("the edge's CA", docker.getConfig(caConfig).inspect(), callMs);
  return Buffer.from((found as { Spec: { Data: string } }).Spec.Data, "base64").toString("utf8");
}

async function taskErrors(docker: Docker): Promise<string[]> {
  try {
    const tasks = (await bounded("tasks", docker.listTasks({ filters: { service: [edgeName] } }), callMs)) as { Status?: { State?: string; Err?: string; Message?: string } }[];
    return tasks.map((task) => `task ${task.Status?.State}: ${task.Status?.Err ?? task.Status?.Message ?? ""}`);
  } catch (error) {
    return [messageOf(error)];
  }
}

function configFile(id: string, name: string, file: string) {
  return { ConfigID: id, ConfigName: name, File: { Name: `${folder}/${file}`, UID: "0", GID: "0", Mode: 0o444 } };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
