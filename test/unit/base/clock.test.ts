import { expect, test } from "vitest";
import { humanDuration, iso } from "../../../harness/base/clock.ts";

const s = 1000;
const min = 60 * s;
const h = 60 * min;

test.each<[number, string]>([
  [0, "0 ms"],
  [840.4, "840 ms"],
  [999.4, "999 ms"],
  [999.6, "1.0 s"],
  [12_400, "12.4 s"],
  [59_949, "59.9 s"],
  [59_960, "1 min 0 s"],
  [3 * min + 20 * s, "3 min 20 s"],
  [2 * min - 300, "2 min 0 s"],
  [h - 400, "1 h 0 min"],
  [2 * h + 5 * min, "2 h 5 min"],
  [3 * h - s, "3 h 0 min"],
])("%d ms is %s", (ms, words) => {
  expect(humanDuration(ms)).toBe(words);
});

test("no minute has 60 seconds, no hour 60 minutes", () => {
  for (let ms = 0; ms < 3 * h; ms += 777) expect(humanDuration(ms)).not.toMatch(/\b60(\.0)? (s|min)\b|\b1000 ms/);
});

test("wall-clock readings are UTC", () => {
  expect(iso(0)).toBe("1970-01-01T00:00:00.000Z");
});
