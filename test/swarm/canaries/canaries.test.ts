import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { residueOf } from "../../../harness/swarm/residue.ts";
import type { Inventory } from "../../../harness/swarm/types.ts";
import { applications } from "./applications.ts";
import { backups } from "./backups.ts";
import { brokenInstalls } from "./broken-install.ts";
import { upgrades } from "./broken-upgrade.ts";
import { type Canary, differences, title } from "./canary.ts";
import { customs } from "./custom.ts";
import { extras } from "./extra.ts";
import { pasts } from "./extra-versions.ts";
import { needs } from "./needs.ts";
import { odd } from "./odd.ts";
import { CanaryServer } from "./server.ts";
import { table, type Row } from "./table.ts";

/** Each a recipe of its own, two builds at a time on one Swarm. The slow ones first: none is waited for alone at the end. */
const canaries: readonly Canary[] = [...applications, ...pasts, ...backups, ...extras, ...upgrades, ...customs, ...needs, ...brokenInstalls, ...odd];

const signal = AbortSignal.timeout(1_500_000);
const rows: Row[] = [];
let server: CanaryServer;
let before: Inventory;

beforeAll(async () => {
  server = await CanaryServer.start(signal);
  before = await server.inventory();
}, 900_000);

afterAll(async () => {
  if (rows.length > 0) console.log(table(rows));
  await server?.close();
});

describe("canaries", () => {
  it("have names of their own, and the README's table has a row for each", () => {
    const names = canaries.map(({ name }) => name).sort();
    expect(new Set(names).size).toBe(names.length);
    const listed = readFileSync(join(import.meta.dirname, "README.md"), "utf8").matchAll(/^\| ([\w-]+) \|/gm);
    expect([...listed].map(([, name]) => name).filter((name) => name !== "recipe").sort()).toEqual(names);
  });

  it.concurrent.each(canaries.map((canary) => [title(canary), canary] as const))("%s", async (_, canary) => {
    const { results, said } = await server.build(canary);
    const wrong = differences(canary.expect, results);
    rows.push({ canary, results, wrong });
    // What is wrong first: what the build said is long, and a log that is cut short still shows it.
    if (wrong.length > 0) expect.fail([...wrong, said].join("\n"));
  });
});

it("nothing is left on the Swarm that they shared, nor in its bot's repository", async () => {
  expect(residueOf(before, await server.inventory())).toEqual([]);
  expect(await server.snapshots()).toEqual([]);
});
