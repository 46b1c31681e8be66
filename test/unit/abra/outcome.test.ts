import { expect, it } from "vitest";
import { fatal, outcomeOf, plain } from "../../../harness/abra/outcome.ts";
import { archOf, isKnown, pinned, releaseUrl, versionIn } from "../../../harness/abra/version.ts";

it.each([
  ["FATA deploy timed out", "deploy timed out"],
  ["INFO x\nFATA <deploy.go:12> deploy failed\nbye", "deploy failed"],
  ["\u001b[1;31mFATA\u001b[0m recipe has locally unstaged changes\r\n", "recipe has locally unstaged changes"],
  ["FATA first\nFATA second", "second"],
  ["FATAL nothing of abra's, yet close", "nothing of abra's, yet close"],
])("%j says %j", (output, said) => expect(fatal(output)).toBe(said));

it.each(["", "WARN critical errors present", "the word FATA in a line", "FATA"])("%j says nothing fatal", (output) => expect(fatal(output)).toBeNull());

it("exit code 0 with a FATA line is not ok, nor is a bad exit without one", () => {
  const result = { stdout: "", stderr: "", exitCode: 0, timedOut: false, durationMs: 1 };
  expect(outcomeOf(result).ok).toBe(true);
  expect(outcomeOf({ ...result, stderr: "FATA no" })).toMatchObject({ ok: false, fatal: "no" });
  expect(outcomeOf({ ...result, exitCode: 1 })).toMatchObject({ ok: false, fatal: null });
});

it("takes terminal control out", () => expect(plain("\u001b[?25l\u001b[2Ka\u001b]0;title\u0007b\r\n")).toBe("ab\n"));

it("reads versions and knows 0.13 only", () => {
  expect(versionIn("abra version 0.13.0-beta-06a57de\n")).toBe("0.13.0-beta-06a57de");
  expect(versionIn("0.13.0")).toBeNull();
  expect(["0.13.0-beta-06a57de", "0.13.1", "0.12.0-beta", "0.130.0", "1.13.0"].map(isKnown)).toEqual([true, true, false, false, false]);
});

it("names the pinned release's archive for each processor", () => {
  expect(["x64", "arm64", "arm", "riscv64"].map(archOf)).toEqual(["amd64", "arm64", "armv7", null]);
  expect(releaseUrl("amd64")).toBe("https://git.coopcloud.tech/coop-cloud/abra/releases/download/0.13.0-beta/abra_0.13.0-beta_linux_amd64.tar.gz");
  expect(Object.values(pinned.sha256).every((sum) => /^[0-9a-f]{64}$/.test(sum))).toBe(true);
});
