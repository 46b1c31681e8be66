/**
 * The contract between the harness and abra, checked against a binary: RECIPE_CI_ABRA_UNDER_TEST=PATH, else the stand-in.
 * Against the stand-in R and I prove nothing and are printed as unconfirmed, but its own behaviour is still checked.
 */
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { assumptions } from "./contract/index.ts";
import { type World, startWorld } from "./contract/world.ts";
import { standInOnHost } from "../../harness/abra/standIn.ts";

const standIn = standInOnHost(resolve(import.meta.dirname, "../.."));
const asked = process.env.RECIPE_CI_ABRA_UNDER_TEST;
const binary = asked && resolve(asked) !== standIn ? resolve(asked) : null;
/** Longest that the whole suite may take, milliseconds. */
const wholeMs = 900_000;
const under = binary ?? "the stand-in";

describe(`abra's contract, against ${under}`, () => {
  let world: World | undefined;
  let stop: (() => Promise<void>) | undefined;
  const outcome = new Map<string, string>();

  beforeAll(async () => {
    ({ world, stop } = await startWorld(binary, AbortSignal.timeout(wholeMs)));
    await world.ok(["server", "add", "--local"]);
  });

  afterAll(async () => {
    await stop?.();
    const lines = assumptions.map(({ id, grade, text }) => `${(outcome.get(id) ?? "not run").padEnd(11)} ${grade} ${id}: ${text}`);
    process.stdout.write(`${lines.join("\n")}\n`);
  });

  test.for([...assumptions])("$grade $id: $text", async ({ id, grade, check }) => {
    if (!world) throw new Error("the node did not start");
    outcome.set(id, "failed");
    try {
      await check(world);
    } finally {
      await world.clear();
    }
    outcome.set(id, binary === null && (grade === "R" || grade === "I") ? "unconfirmed" : "holds");
  });
});
