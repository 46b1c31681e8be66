import { describe, expect, test } from "vitest";
import { budgetOf, type Patience } from "../../../harness/build/extra/budget.ts";
import { volleyOf } from "../../../harness/build/extra/cannon.ts";
import { inWords } from "../../../harness/build/extra/load.ts";
import { bytesOf } from "../../../harness/build/extra/memory.ts";
import { newVersions } from "../../../harness/build/extra/newVersions.ts";
import { passwordChanges } from "../../../harness/build/extra/passwords.ts";
import { victimsOf } from "../../../harness/build/extra/victims.ts";
import type { ComposeService } from "../../../harness/recipe/types.ts";
import type { Swarm } from "../../../harness/swarm/types.ts";

describe("the budget of a kill", () => {
  const services = new Map<string, Patience>([
    ["app", { delayMs: 5_000, healthMs: 60_000 }],
    ["db", { delayMs: 5_000, healthMs: null }],
    ["worker", { delayMs: 1_000, healthMs: null }],
  ]);
  const needs = new Map([["app", ["db"]], ["worker", ["app", "db"]]]);
  const budget = (service: string, tookMs = 20_000, waits: ReadonlyMap<string, readonly string[]> = needs) => budgetOf(service, services, waits, { tookMs, trustMs: 120_000 });

  test("a health check says how long a start may take", () => {
    expect(budget("app", 20_000, new Map())).toEqual({ ms: 185_000, words: "restart delay 5.0 s, 1 min 0 s by its health check, 2 min 0 s until what failed is trusted" });
  });
  test("without one the deployment does, and a fast one gives half a minute", () => {
    expect(budget("worker", 20_000).ms).toBe(1_000 + 40_000 + 120_000);
    expect(budget("worker", 2_000).ms).toBe(1_000 + 30_000 + 120_000);
  });
  test("what waits for it may have to start again too, one after the other", () => {
    const { ms, words } = budget("db");
    expect(ms).toBe(5_000 + 40_000 + 65_000 + 41_000 + 120_000);
    expect(words).toContain("1 min 46 s for what waits for it");
  });
  test("services that wait for each other do not make it endless", () => {
    expect(budget("app", 20_000, new Map([["app", ["db"]], ["db", ["app"]]])).ms).toBe(65_000 + 45_000 + 120_000);
  });
});

describe("what can be killed", () => {
  const healthcheck = { Test: ["CMD", "true"], Interval: 2e9, Timeout: 3e9, Retries: 2, StartPeriod: 10e9 };
  const running = (container: string, service: string) => ({ ServiceID: service, Status: { State: "running", ContainerStatus: { ContainerID: container } } });
  const engine = (services: object[], tasks: object[]) => ({
    docker: {
      listServices: async () => services,
      listTasks: async () => tasks,
      getContainer: (id: string) => ({
        inspect: async () => {
          if (id.startsWith("far")) throw Object.assign(new Error("no such container"), { statusCode: 404 });
          return { Config: id === "checked" ? { Healthcheck: healthcheck } : {} };
        },
      }),
    },
  }) as unknown as Pick<Swarm, "docker">;
  const service = (name: string, more: object = {}) => ({ ID: name, Spec: { Name: `s_${name}`, ...more } });
  const policy = (RestartPolicy: object) => ({ TaskTemplate: { RestartPolicy } });

  test("containers here, how long they may take, and why one is left alone", async () => {
    const victims = await victimsOf(engine(
      [
        service("app", policy({ Delay: 2e9 })), service("db"), service("far"), service("none", policy({ Condition: "none" })), service("idle"), service("daily", policy({ Delay: 86_400e9 })),
        service("job", { Mode: { ReplicatedJob: {} } }),
      ],
      [running("checked", "app"), running("far-1", "app"), running("plain", "db"), running("far-2", "far"), running("plain-2", "none"), running("plain-3", "job"), running("plain-4", "daily")],
    ), "s");
    const here = { elsewhere: 0, spared: null, delayMs: 5_000, healthMs: null };
    expect(Object.fromEntries(victims)).toEqual({
      app: { ...here, service: "app", here: ["checked"], elsewhere: 1, delayMs: 2_000, healthMs: 20_000 },
      db: { ...here, service: "db", here: ["plain"] },
      far: { ...here, service: "far", here: [], elsewhere: 1 },
      none: { ...here, service: "none", here: ["plain-2"], spared: "its restart policy wants nothing back" },
      daily: { ...here, service: "daily", here: ["plain-4"], spared: "it comes back by a schedule, after 24 h 0 min", delayMs: 86_400_000 },
      idle: { ...here, service: "idle", here: [], spared: "nothing of it runs" },
      job: { ...here, service: "job", here: ["plain-3"], spared: "a job" },
    });
  });
});

describe("new versions of secrets", () => {
  const secret = (key: string, name: string, external = true) => ({ key, name, external });
  const using = (secrets: readonly string[]) => ({ secrets }) as unknown as ComposeService;

  test("each that abra made and a service has, by its version in the .env", () => {
    const secrets = [secret("db_password", "s_db_password_v1"), secret("api-key", "s_api-key_2024"), secret("word", "s_word_first"), secret("handed_in", "s_handed_in_v1"), secret("unused", "s_unused_v1"), secret("file", "s_file", false)];
    const app = { secrets, services: [using(["db_password", "api-key", "word", "handed_in", "file"])] };
    const env = { SECRET_DB_PASSWORD_VERSION: "v9", SECRET_API_KEY_VERSION: "2024" };
    expect(newVersions(app, env, ["db_password", "api-key", "word", "unused"])).toEqual([
      { key: "db_password", variable: "SECRET_DB_PASSWORD_VERSION", from: "v9", to: "v10" },
      { key: "api-key", variable: "SECRET_API_KEY_VERSION", from: "2024", to: "2025" },
      { key: "word", variable: "SECRET_WORD_VERSION", from: "first", to: "first2" },
    ]);
  });

  const secrets = { password: "it's", root: "r" };
  const told = (image: string, env: Record<string, string>) => passwordChanges([{ name: "db", image, env }], secrets).map((change) => [change.service, change.sql]);
  test.each<[string, string, Record<string, string>, string[][]]>([
    ["postgres", "postgres:15", { POSTGRES_USER: "app", POSTGRES_PASSWORD_FILE: "/run/secrets/password" }, [["db", "ALTER ROLE CURRENT_USER PASSWORD 'it''s';\n"]]],
    ["mariadb, a user and root", "mariadb:11", { MARIADB_USER: "app", MARIADB_PASSWORD_FILE: "/run/secrets/password", MARIADB_ROOT_PASSWORD_FILE: "/run/secrets/root" }, [["db", "ALTER USER IF EXISTS 'app'@'%' IDENTIFIED BY 'it''s';\nALTER USER IF EXISTS 'root'@'%' IDENTIFIED BY 'r';\nALTER USER IF EXISTS 'root'@'localhost' IDENTIFIED BY 'r';\n"]]],
    ["mysql under its own names", "mysql:8", { MYSQL_ROOT_PASSWORD_FILE: "/run/secrets/root" }, [["db", "ALTER USER IF EXISTS 'root'@'%' IDENTIFIED BY 'r';\nALTER USER IF EXISTS 'root'@'localhost' IDENTIFIED BY 'r';\n"]]],
    ["a password that stays", "postgres:15", { POSTGRES_PASSWORD_FILE: "/run/secrets/other" }, []],
    ["one in the environment", "postgres:15", { POSTGRES_PASSWORD: "x" }, []],
    ["no database", "nginx:1", { POSTGRES_PASSWORD_FILE: "/run/secrets/password" }, []],
  ])("a database server is told: %s", (_, image, env, wanted) => expect(told(image, env)).toEqual(wanted));
});

describe("the figures of a load", () => {
  const latency = { p50: 3, p97_5: 12, p99: 20, max: 50 };
  const printed = { url: "x", errors: 2, timeouts: 1, statusCodeStats: { 200: { count: 58 }, 500: { count: 2 } }, requests: { average: 30.4, sent: 70 }, throughput: { total: 900 }, latency: { ...latency, p25: 1 } };

  test("are read from what autocannon prints", () => {
    expect(volleyOf(JSON.stringify(printed))).toEqual({ requestsPerSecond: 30.4, codes: { 200: 58, 500: 2 }, errors: 2, timeouts: 1, bytes: 900, latency });
    expect(volleyOf(JSON.stringify({ ...printed, statusCodeStats: undefined })).codes).toEqual({});
    expect(() => volleyOf("")).toThrow("JSON");
  });
  test("stand in one line", () => {
    const figures = { ...volleyOf(JSON.stringify(printed)), path: "/", seconds: 2, connections: 10, memory: { app: { before: 10_000_000, after: 12_500_000 }, db: { before: 5_000_000, after: null } } };
    expect(inWords(figures)).toBe("10 connections asked for / for 2 s: 30 requests/s (58 times 200, 2 times 500, 2 errors); answered within 3 ms (half of them), 12 ms (97.5 %), 20 ms (99 %); memory app 10.0 MB to 12.5 MB, db 5.0 MB to unknown");
  });
  test("memory is what is used without the cache of files, by either version of cgroups", () => {
    expect(bytesOf({ memory_stats: { usage: 100, stats: { inactive_file: 30 } } })).toBe(70);
    expect(bytesOf({ memory_stats: { usage: 100, stats: { total_inactive_file: 40 } } })).toBe(60);
    expect(bytesOf({ memory_stats: { usage: 100 } })).toBe(100);
    expect(bytesOf({ memory_stats: {} })).toBe(null);
  });
});
