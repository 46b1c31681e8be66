import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { assumptions, unconfirmed } from "../../abra/contract/index.ts";

const file = join(resolve(import.meta.dirname, "../../abra"), "unconfirmed.json");

test("unconfirmed.json lists exactly the contract's R and I (to renew it: vitest -u)", async () => {
  await expect(`${JSON.stringify(unconfirmed(), null, 2)}\n`).toMatchFileSnapshot(file);
  expect(JSON.parse(readFileSync(file, "utf8")).length).toBeGreaterThan(10);
});

test("every assumption has an id of its own", () => {
  const ids = assumptions.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
