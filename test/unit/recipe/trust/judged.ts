import type { Bounds, Ground } from "../../../../harness/recipe/trust/bounds.ts";
import { refusals } from "../../../../harness/recipe/trust/policy.ts";
import type { Refusal } from "../../../../harness/recipe/trust/refusal.ts";

export const bounds: Bounds = { ports: ["22", "1024-65535"], replicas: 10, tasks: 50, memory: 2 * 1024 ** 3, cpus: 2, processes: 2000 };
export const ground: Ground = { stack: "blog_a1b2_ci_test", domain: "blog-a1b2.ci.test", bounds };

interface More {
  readonly env?: Readonly<Record<string, string>>;
  readonly abraSh?: string;
  /** Other compose files, merged over the first. */
  readonly over?: readonly string[];
}

/** What is refused of a recipe with these compose files. */
export function judged(compose: string, { env = {}, abraSh = "", over = [] }: More = {}): Refusal[] {
  const files = [compose, ...over].map((text, index) => ({ name: index === 0 ? "compose.yml" : `compose.${index}.yml`, text }));
  return refusals({ files, env: { DOMAIN: ground.domain, ...env }, abraSh }, ground);
}

/** Of a service of these lines beside what stands at the top of the file. */
export function service(lines: string, rest = "", more: More = {}): string[] {
  const indented = lines.split("\n").map((line) => `    ${line}\n`).join("");
  return rules(judged(`version: "3.8"\nservices:\n  app:\n    image: x:1\n${indented}${rest}\n`, more));
}

/** Of what stands at the top of the file, beside a plain service. */
export function top(lines: string, more: More = {}): string[] {
  return rules(judged(`version: "3.8"\nservices: {app: {image: "x:1"}}\n${lines}\n`, more));
}

export function rules(found: readonly Refusal[]): string[] {
  return found.map(({ rule, key }) => `${key} ${rule}`);
}
