import { expect, test } from "vitest";
import { Build } from "../../../harness/build/context.ts";
import { noteImages } from "../../../harness/build/images.ts";
import type { ImageResult } from "../../../reports/results.ts";
import { request } from "./request.ts";

const image = (ref: string, pullMs = 1): ImageResult => ({ ref, digest: null, bytes: null, pullMs, source: "registry" });

test("what was pulled later for head takes nothing away that the backup bot or a needed recipe has pulled", () => {
  const build = new Build(request, () => {}, new AbortController().signal, "r1");
  noteImages(build, [image("bot:1")]);
  noteImages(build, [image("nginx:1.27")]);
  noteImages(build, [image("nginx:1.27", 2), image("postgres:15")]);
  expect(build.findings.images).toEqual([image("bot:1"), image("nginx:1.27", 2), image("postgres:15")]);
});
