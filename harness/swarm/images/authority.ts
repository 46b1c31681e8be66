/** The private CA that nodes of throwaway Swarms trust, and the certificates it makes on the fly. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { randomBytes, randomUUID, webcrypto } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";

x509.cryptoProvider.set(webcrypto as never);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 86_400_000;
type KeyPair = Awaited<ReturnType<typeof generateKeys>>;

export interface Authority {
  /** PEM of the CA's own certificate: what a node has to trust. */
  readonly ca: string;
  /** A certificate and key (PEM) for a registry host, with or without port. */
  issue(host: string): Promise<{ readonly cert: string; readonly key: string }>;
}

/**
 * Opens the CA of a cache folder, or makes it (key 0600, ten years). Processes that race end with the same one.
 * @throws Error where the folder cannot be written
 */
export async function openAuthority(dir: string): Promise<Authority> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, "ca.pem");
  const pem = (await readIfThere(file)) ?? (await createAuthority(file));
  const certificate = new x509.X509Certificate(x509.PemConverter.decodeFirst(pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"))));
  const der = x509.PemConverter.decodeFirst(pem.slice(0, pem.indexOf("-----BEGIN CERTIFICATE")));
  const key = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  return { ca: `${certificate.toString("pem")}\n`, issue: (host) => issue(host, certificate, key) };
}

async function createAuthority(file: string): Promise<string> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: "CN=recipe-ci image cache",
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, `${await privatePem(keys)}\n${certificate.toString("pem")}\n`, { mode: 0o600, flag: "wx" });
  try {
    await link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(temporary);
  }
  return readFile(file, "utf8");
}

async function issue(host: string, issuer: x509.X509Certificate, signingKey: webcrypto.CryptoKey): Promise<{ cert: string; key: string }> {
  const keys = await generateKeys();
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [name] }],
    issuer: issuer.subject,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 30 * day),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: signingKey as never,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: isIP(name) ? "ip" : "dns", value: name }]),
    ],
  });
  return { cert: certificate.toString("pem"), key: await privatePem(keys) };
}

async function generateKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function privatePem(keys: KeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
}

/** Positive: the first bit of a serial number is its sign. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x01;
  return bytes.toString("hex");
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
