import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";

const read = (file: string) => readFileSync(join(packageRoot, "test", file), "utf8");

/** The rows of test/README.md: a number, and the files that show it. */
const rows = [...read("README.md").matchAll(/^\| (\d+) \|.*\| (`.*`) \|$/gm)].map(([, number, files]) => ({ number: Number(number), files: [...(files ?? "").matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? "") }));

test("every case from elsewhere that is listed is shown where the list says", () => {
  const missing = rows.flatMap(({ number, files }) => files.filter((file) => !new RegExp(`incident ${number}: |incident: ${number},`).test(read(file))).map((file) => `${number}: ${file}`));
  expect(missing).toEqual([]);
});

test("none of stalls, false greens, false reds, leaks and trust is missing", () => {
  const wanted = [...Array.from({ length: 31 }, (_, index) => index + 1), 37, 38, 39, 40];
  expect(rows.map(({ number }) => number)).toEqual(expect.arrayContaining(wanted));
});
