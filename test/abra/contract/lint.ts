import assert from "node:assert/strict";
import { type Assumption, assume } from "./types.ts";

const pty = { pty: true };

export const lintAssumptions: readonly Assumption[] = [
  assume("lint-pty", "B", "`recipe lint` needs a terminal even with -n", async (w) => {
    await w.refused(["recipe", "lint", "-n", (await w.recipe()).recipe], /inappropriate ioctl for device/);
  }),
  assume("lint-table", "B", "`recipe lint` prints R001 to R016 in 21 lines of at most 146 characters", async (w) => {
    const { stdout } = await w.ok(["recipe", "lint", "-n", (await w.recipe()).recipe], pty);
    assert.deepEqual([...stdout.matchAll(/\bR0\d\d\b/g)].map(([ref]) => ref), Array.from({ length: 16 }, (_, i) => `R0${String(i + 1).padStart(2, "0")}`));
    assert.ok(stdout.split(/\r?\n/).every((line) => line.length <= 146));
  }),
  assume("lint-columns", "B", "its columns are ref, rule, severity, satisfied, skipped, how to fix", async (w) => {
    const { stdout } = await w.ok(["recipe", "lint", "-n", (await w.recipe()).recipe], pty);
    assert.match(stdout.toLowerCase(), /ref.*rule.*severity.*satisfied.*skipped.*how.to.fix/);
  }),
  assume("lint-marks", "R", "a satisfied rule is marked ✅, an unsatisfied one ❌", async (w) => {
    const { stdout } = await w.ok(["recipe", "lint", "-n", (await w.recipe({ lightweight: true })).recipe], pty);
    assert.match(stdout, /R009.*✅/);
    assert.match(stdout, /R014.*❌/);
  }),
  assume("lint-exit", "B", "unsatisfied rules of severity error leave the exit code 0, with a WARN `critical errors present`", async (w) => {
    const { stdout } = await w.ok(["recipe", "lint", "-n", (await w.recipe({ lightweight: true })).recipe], pty);
    assert.match(stdout, /WARN.*critical errors present/);
  }),
  assume("lint-no-sample", "B", "a recipe without .env.sample cannot be linted: FATA", async (w) => {
    await w.refused(["recipe", "lint", "-n", (await w.recipe({ files: { ".env.sample": null } })).recipe], /unable to validate recipe: \.env\.samp/, pty);
  }),
  assume("lint-untracked", "B", "lint reads every compose*.yml of the tree, untracked ones too", async (w) => {
    const app = await w.recipe();
    await w.shell(`printf 'services: [' > ${app.dir}/compose.untracked.yml`);
    await w.refused(["recipe", "lint", "-n", app.recipe], /FATA/, pty);
  }),
  assume("lint-origin", "B", "lint fetches tags from origin: one that cannot be read is FATA", async (w) => {
    const app = await w.recipe();
    await w.git(app, "remote", "set-url", "origin", `${w.folder}/nowhere`);
    await w.refused(["recipe", "lint", "-n", app.recipe], /FATA/, pty);
  }),
  assume("lint-force-tags", "B", "lint replaces local tags by origin's", async (w) => {
    const app = await w.recipe();
    await w.git(app, "tag", "-f", "1.1.0+1.0.1", "HEAD");
    await w.ok(["recipe", "lint", "-n", app.recipe], pty);
    assert.equal(await w.git(app, "cat-file", "-t", "1.1.0+1.0.1"), "tag");
  }),
  assume("lint-tree", "R", "lint leaves the tree where it is", async (w) => {
    const app = await w.recipe();
    await w.ok(["recipe", "lint", "-n", app.recipe], pty);
    assert.equal(await w.git(app, "rev-parse", "--abbrev-ref", "HEAD"), "main");
  }),
];
