import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../harness/base/paths.ts";

/**
 * A pause that waits for time to pass and not for something. A timer that bounds a wait is none, nor is the short
 * pause of a poll in shell: up to a second.
 */
const fixedSleep = /await new Promise(?:<\w+>)?\(\s*\(?\w+\)?\s*=>\s*\{?\s*setTimeout\(|^[^"'`]*\bsleep\s+(?:[2-9]|\d\d|1\.)|time\.sleep\(/;

/** What plays slow or broken programs may sleep. */
const exempt = ["test/recipes/", "test/abra/contract/", "test/unit/"];

test.each([
  "await new Promise((resolve) => setTimeout(resolve, 500));",
  "await new Promise<void>((done) => { setTimeout(() => done(), 10); });",
  "docker info || sleep 5",
  "time.sleep(3)",
])("would be found: %s", (line) => expect(line).toMatch(fixedSleep));

test("incident 4: nothing in the repository sleeps for a fixed time", () => {
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
