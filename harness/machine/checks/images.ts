/** Registries, and the images that a build starts from. */
import { describe, type WantedImages } from "../plan.ts";
import type { Step } from "../types.ts";
import { dockerHub } from "../catalogue.ts";
import { type Row, row } from "./row.ts";

export interface ImagesFacts {
  readonly silent: readonly string[];
  readonly wanted: WantedImages;
  readonly steps: readonly Step[];
  /** Where an engine's output would go that is started here. */
  readonly dockerdLog: string;
}

export function judgeImages({ silent, wanted, steps, dockerdLog }: ImagesFacts): Row[] {
  const registry = silent.includes(dockerHub)
    ? row("Docker Hub", "info", "does not answer: images come from Debian's packages, through a registry on 127.0.0.1")
    : row("Docker Hub", "ok", "answers");
  const left = steps.filter((step) => step.kind !== "engine" && step.kind !== "packages");
  const images = `node ${wanted.node}, edge ${wanted.edge}`;
  const ready = left.length === 0
    ? row("images", "ok", `${images}: there`)
    : row("images", "missing", `${images}: not all there`, `recipe-ci doctor --fix will: ${left.map((step) => describe(step, dockerdLog)).join("; ")}`, "provision");
  return [registry, ready];
}
