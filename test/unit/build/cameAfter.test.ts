import { expect, test } from "vitest";
import { FindingError, infra } from "../../../harness/base/errors.ts";
import { cameAfter } from "../../../harness/build/extra/cameAfter.ts";

const reason = { class: "crash-loop", service: "db", summary: "db: crashed 3 times", evidence: ["exit code 1"], hint: "look at its log" } as const;

test("what the recipe did says what it came after, and keeps everything else", async () => {
  const error = new FindingError("recipe", reason);
  await expect(cameAfter("db was killed", () => Promise.reject(error))).rejects.toMatchObject({ blame: "recipe", cause: error, reason: { ...reason, summary: "after db was killed: db: crashed 3 times" } });
});

test.each([["the machine's own", infra("lease-lost", "somebody took it", "try again")], ["no finding", new Error("interrupted")]])("%s stays as it is", (_, error) =>
  expect(cameAfter("db was killed", () => Promise.reject(error))).rejects.toBe(error));
