import { expect, test } from "vitest";
import { fitted } from "../../../harness/commands/progress/fit.ts";
import { liveLine } from "../../../harness/commands/progress/live.ts";

const line = "db: starting (health 41 s of 90 s) · app: 3 failures, excused by db · web: no task yet";

test.each([
  [200, line],
  [line.length, line],
  [line.length - 1, "db: starting (health 41 s of 90 s) · app: 3 failures, excused by db · and 1 more"],
  [70, "db: starting (health 41 s of 90 s) · and 2 more"],
  [46, "db: starting (health 41 s of 90 s) · app: 3 f…"],
  [20, "db: starting (healt…"],
  [0, "…"],
])("in %d columns", (width, expected) => expect(fitted(line, width)).toBe(expected));

test("what was left out already is counted too", () =>
  expect(fitted(`${line} · and 24 more`, 70)).toBe("db: starting (health 41 s of 90 s) · and 26 more"));

test("a line of another kind is cut", () => expect(fitted("pulling docker.io/library/postgres:16", 10)).toBe("pulling d…"));

test("one row of the terminal, also with 30 services", () => {
  const waiting = `${Array.from({ length: 6 }, (_, i) => `service-${i}: starting (health 10 s of 90 s)`).join(" · ")} · and 24 more`;
  expect(liveLine("install", "1 min 5 s", waiting, 80)).toBe("▸ install    1 min 5 s  service-0: starting (health 10 s of 90 s) · and 29 more");
  expect(liveLine("install", "5.0 s", "db: \u001b[2Jpending\n(no node)", 80)).toBe("▸ install        5.0 s  db: pending (no node)");
  expect(liveLine("install", "5.0 s", "", 80)).toBe("▸ install        5.0 s");
});
