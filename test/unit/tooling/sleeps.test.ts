import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";

/** A pause that waits for time to pass and not for something: in TypeScript, in shell, in Python. */
const fixedSleep = /setTimeout\(\s*(?:r|res|resolve|done)\b|setTimeout\(\s*\(\)\s*=>\s*(?:r|res|resolve|done)\(|\bsleep\s+[0-9.]+\b|time\.sleep\(/;

/** What deploys badly on purpose may sleep: a recipe's fault is what these fixtures play. */
const exempt = ["test/recipes/", "test/unit/tooling/sleeps.test.ts"];

test.each([
  "await new Promise((resolve) => setTimeout(resolve, 500));",
  "new Promise((r) => setTimeout(r, 10))",
  "new Promise((done) => setTimeout(() => done(), 10))",
  "until docker info; do sleep 0.5; done",
  "time.sleep(3)",
])("would be found: %s", (line) => expect(line).toMatch(fixedSleep));

test("nothing in the repository sleeps for a fixed time", () => {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: packageRoot, encoding: "utf8" })
    .split("\n")
    .filter((file) => /^(bin|\.ci|harness|tiers|recipes|extra|reports|test)\//.test(file) && !exempt.some((prefix) => file.startsWith(prefix)));
  expect(files.length).toBeGreaterThan(20);
  const found = files.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line, index) => (fixedSleep.test(line) && !/^\s*(\/\/|\*|\/\*|#)/.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

/** Empty for a file that git knows and somebody just removed. */
function read(file: string): string {
  try {
    return readFileSync(join(packageRoot, file), "utf8");
  } catch {
    return "";
  }
}
