import type { Scene } from "./scene.ts";

/** What the judge says now, in one line. */
export function lineOf(scene: Scene): string {
  const judged = scene.judge();
  return "line" in judged ? judged.line : judged.reason.summary;
}
