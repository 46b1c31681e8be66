import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, type CommandResult } from "../../harness/base/command.ts";
import { waitFor } from "../../harness/base/wait.ts";
import { client, halvesIn, plantedIn, plantSql, readSql, type Target } from "../../harness/build/witness/database.ts";
import type { Which } from "../../harness/build/witness/dumped.ts";
import { newRunId, testMachine } from "./host.ts";

/** Rows through real servers' own clients: in which of several databases one stands. No Swarm is wanted for it. */

const signal = AbortSignal.timeout(600_000);
const runId = newRunId("rows");
const wanted = "recipe-ci planted 01";

function docker(argv: readonly string[], input = ""): Promise<CommandResult> {
  return command(["docker", ...argv], { input, timeoutMs: 60_000, signal });
}

const servers = {
  postgres: { image: "postgres:15", env: ["POSTGRES_PASSWORD=x", "SHOP_DB=shop"], sql: (text: string) => ["psql", "-U", "postgres", "-c", text] },
  mysql: { image: "mariadb:10.11", env: ["MARIADB_ROOT_PASSWORD=x", "SHOP_DB=shop"], sql: (text: string) => ["mariadb", "-uroot", "-px", "-e", text] },
} as const;
type Server = keyof typeof servers;

const nameOf = (engine: Server) => `recipe-ci-${runId}-${engine}`;
const inside = (engine: Server, argv: readonly string[], input?: string) => docker(["exec", "-i", nameOf(engine), ...argv], input);

beforeAll(async () => {
  await testMachine(Object.values(servers).map(({ image }) => image), signal);
  await Promise.all(Object.entries(servers).map(async ([key, { image, env, sql }]) => {
    const engine = key as Server;
    await docker(["run", "--detach", "--label", `recipe-ci.run=${runId}`, "--name", nameOf(engine), ...env.flatMap((one) => ["--env", one]), image]);
    // The server that sets it up listens too, and goes again: only one that has been asked twice counts.
    let ups = 0;
    await waitFor(async () => {
      const { exitCode, stderr } = await inside(engine, sql("SELECT 1"));
      ups = exitCode === 0 ? ups + 1 : 0;
      return ups > 4 ? { done: true, value: undefined } : { done: false, saw: stderr };
    }, { what: engine, timeoutMs: 180_000, intervalMs: 500, signal });
    await inside(engine, sql("CREATE DATABASE shop"));
  }));
}, 600_000);

afterAll(async () => {
  await Promise.all((Object.keys(servers) as Server[]).map((engine) => docker(["rm", "--force", "--volumes", nameOf(engine)])));
});

async function planted(engine: Server, which: Which): Promise<{ in: unknown; rows: unknown }> {
  const target: Target = { engine, which };
  const { exitCode, stdout, stderr } = await inside(engine, client(target), plantSql(engine, wanted));
  if (exitCode !== 0) throw new Error(stderr.trim());
  const now = plantedIn(target, stdout);
  const read = await inside(engine, client(now), readSql[engine]);
  return { in: now.engine === "sqlite" ? null : now.which, rows: halvesIn(read.stdout) };
}

const whole = { first: wanted, second: wanted };

describe.each(["postgres", "mysql"] as const)("%s: a row stands in", (engine) => {
  test("the only one that an app may have", async () => {
    expect(await planted(engine, "only")).toEqual({ in: { name: "shop" }, rows: whole });
  });

  test("the one that is named, by itself or by a variable", async () => {
    expect(await planted(engine, { name: "shop" })).toEqual({ in: { name: "shop" }, rows: whole });
    expect(await planted(engine, { name: "$SHOP_DB" })).toEqual({ in: { name: "shop" }, rows: whole });
  });

  test("one that is not there is no other", async () => {
    await expect(planted(engine, { name: "gone" })).rejects.toThrow(/gone/);
  });

  test("of several, where nobody says which one is dumped, none; where any will do, the first, and that one is read though another comes before it", async () => {
    await inside(engine, servers[engine].sql("CREATE DATABASE own2"));
    await expect(planted(engine, "only")).rejects.toThrow(/nobody says which of its databases is dumped: .*own2/);
    const first = await planted(engine, "any");
    expect(first).toMatchObject({ rows: whole });
    await inside(engine, servers[engine].sql("CREATE DATABASE aaa"));
    const target: Target = { engine, which: first.in as Which };
    expect(halvesIn((await inside(engine, client(target), readSql[engine])).stdout)).toEqual(whole);
  });
});
