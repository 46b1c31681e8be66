import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { standInCommand, standInMounts } from "../../harness/abra/standIn.ts";
import { command } from "../../harness/base/command.ts";
import { packageRoot } from "../../harness/base/paths.ts";
import { provision } from "../../harness/machine/machine.ts";
import { seedRegistryName } from "../../harness/machine/seed-registry.ts";
import { edgeCertificate } from "../../harness/swarm/certificates.ts";
import { edgeProgram } from "../../harness/swarm/ephemeral/edge-program.ts";
import { recallPrivileges } from "../../harness/swarm/ephemeral/privileges.ts";

const composeSchema = z.object({ services: z.record(z.string(), z.unknown()) });

/**
 * What plain.sh needs to know of this machine. All of it is made beforehand, so that its time is not the script's.
 * @throws Error where the edge's program can't be had here
 */
export async function plainEnvironment(repo: string, folder: string, signal: AbortSignal): Promise<Record<string, string>> {
  const machine = await provision({ install: false, ask: async () => false, seeds: [], standIn: true, log: () => {}, signal });
  const name = `recipe-ci-bench-${randomBytes(4).toString("hex")}`;
  const edge = await edgeProgram(machine.docker, machine.edgeImage, name, signal);
  if (edge === null) throw new Error(`bench: ${machine.edgeImage} holds no static program; the plain script has no other edge`);
  const { ID } = (await machine.docker.info()) as { ID: string };
  return {
    NAME: name,
    RECIPE: repo,
    BASE: await newestTag(repo, signal),
    NODE_IMAGE: machine.nodeImage,
    PRIVILEGES: (await recallPrivileges(ID))[0] ?? "privileged",
    EDGE: edge,
    MIRROR: machine.builtImages ? await mirror(machine.docker) : "",
    CERTS: await certificates(join(folder, "certs")),
    STAND_IN: standInMounts(packageRoot).map(({ source, target }) => `${source}:${target}`).join("\n"),
    ABRA: standInCommand,
    OVERLAY: existsSync("/proc/net/ip_vs") ? "" : await overlay(repo, join(folder, "overlay.yml"), signal),
  };
}

async function newestTag(repo: string, signal: AbortSignal): Promise<string> {
  return git(repo, ["describe", "--tags", "--abbrev=0", "HEAD"], signal);
}

async function git(repo: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await command(["git", "-C", repo, ...args], { timeoutMs: 10_000, signal });
  if (exitCode !== 0) throw new Error(`bench: git ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** The stand-in registry as a node reaches it: by its own address on the host's bridge. */
async function mirror(docker: Awaited<ReturnType<typeof provision>>["docker"]): Promise<string> {
  const { NetworkSettings } = await docker.getContainer(seedRegistryName).inspect();
  return `http://${NetworkSettings.Networks.bridge?.IPAddress}:5000`;
}

/** A folder as plain.sh mounts it for Traefik: certificate, key and the file that names them. */
async function certificates(dir: string): Promise<string> {
  const made = await edgeCertificate("ci.test");
  await mkdir(dir);
  const dynamic = {
    tls: { certificates: [{ certFile: "/certs/certificate.pem", keyFile: "/certs/key.pem" }] },
  };
  await Promise.all([
    writeFile(join(dir, "ca.pem"), made.ca),
    writeFile(join(dir, "certificate.pem"), made.certificate),
    writeFile(join(dir, "key.pem"), made.key),
    writeFile(join(dir, "dynamic.yml"), stringify(dynamic)),
  ]);
  return dir;
}

/** Without IPVS in the kernel a service's virtual IP never answers: what recipe-ci does about it, the script does too. */
async function overlay(repo: string, file: string, signal: AbortSignal): Promise<string> {
  const { services } = composeSchema.parse(parse(await git(repo, ["show", "HEAD:compose.yml"], signal)));
  const dnsrr = Object.fromEntries(Object.keys(services).map((name) => [name, { deploy: { endpoint_mode: "dnsrr" } }]));
  await writeFile(file, stringify({ version: "3.8", services: dnsrr }));
  return file;
}
