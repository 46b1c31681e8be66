import { afterAll, beforeAll } from "vitest";
import type { Machine } from "../../../harness/machine/machine.ts";
import { testMachine } from "../host.ts";
import { Lab } from "./lab.ts";

/** An image may have to be made first. */
const openMs = 900_000;

/**
 * A machine and a lab for the tests of one file: there before the first of them, closed after the last.
 * @param prepare takes them, and does what the file needs besides
 * @param images that its builds want
 */
export function inLab(prepare: (lab: Lab, machine: Machine) => Promise<void> | void, images: readonly string[] = ["nginx:1.27"]): void {
  let lab: Lab | undefined;
  beforeAll(async () => {
    const machine = await testMachine(images, AbortSignal.timeout(openMs));
    lab = await Lab.open();
    await prepare(lab, machine);
  }, openMs);
  afterAll(() => lab?.close());
}
