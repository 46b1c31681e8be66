import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../harness/base/errors.ts";
import { connect, resolveEndpoint } from "../../../harness/machine/endpoint.ts";

const id = createHash("sha256").update("dev").digest("hex");
const meta = JSON.stringify({ Name: "dev", Endpoints: { docker: { Host: "tcp://dev.test:2376", SkipTLSVerify: false } } });

function from(env: Record<string, string>, files: Record<string, string> = {}) {
  return resolveEndpoint(env, "/d", (path) => files[path] ?? null);
}

describe("the engine that is meant", () => {
  it("is docker's default socket where nothing says otherwise", () => {
    expect(from({})).toEqual({ host: "unix:///var/run/docker.sock", from: "docker's default", tlsDir: null });
    expect(from({}, { "/d/config.json": '{"auths":{},"currentContext":"default"}' }).from).toBe("docker's default");
  });

  it("is DOCKER_HOST before DOCKER_CONTEXT before the current context", () => {
    const files = { "/d/config.json": '{"currentContext":"gone"}', [`/d/contexts/meta/${id}/meta.json`]: meta };
    expect(from({ DOCKER_HOST: "tcp://h:1", DOCKER_CONTEXT: "dev" }, files)).toEqual({ host: "tcp://h:1", from: "DOCKER_HOST", tlsDir: null });
    expect(from({ DOCKER_CONTEXT: "dev" }, files)).toEqual({ host: "tcp://dev.test:2376", from: "DOCKER_CONTEXT", tlsDir: null });
    expect(from({}, { ...files, "/d/config.json": '{"currentContext":"dev"}' }).from).toBe('docker context "dev"');
  });

  it("uses TLS where docker would", () => {
    expect(from({ DOCKER_HOST: "h:2376", DOCKER_TLS_VERIFY: "1" })).toEqual({ host: "tcp://h:2376", from: "DOCKER_HOST", tlsDir: "/d" });
    expect(from({ DOCKER_HOST: "h:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/c" }).tlsDir).toBe("/c");
    const files = { [`/d/contexts/meta/${id}/meta.json`]: meta, [`/d/contexts/tls/${id}/docker/ca.pem`]: "PEM" };
    expect(from({ DOCKER_CONTEXT: "dev" }, files).tlsDir).toBe(`/d/contexts/tls/${id}/docker`);
  });

  it("names a context that does not exist, and files that are broken", () => {
    expect(() => from({ DOCKER_CONTEXT: "gone" })).toThrow(new UsageError("DOCKER_CONTEXT", "there is no context named gone", "docker context ls shows what there is").message);
    expect(() => from({}, { "/d/config.json": "{" })).toThrow("/d/config.json");
    expect(() => from({ DOCKER_CONTEXT: "dev" }, { [`/d/contexts/meta/${id}/meta.json`]: "{}" })).toThrow("meta.json");
  });

  it("becomes a client for sockets and addresses, and nothing else", () => {
    const modem = (host: string) => connect({ host, from: "DOCKER_HOST", tlsDir: null }).modem as { socketPath?: string; host?: string; port?: number | string; protocol?: string };
    expect(modem("unix:///x.sock").socketPath).toBe("/x.sock");
    expect(modem("tcp://h:1234")).toMatchObject({ host: "h", port: "1234", protocol: "http" });
    expect(() => modem("not an address")).toThrow(UsageError);
  });
});
