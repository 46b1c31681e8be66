import { defaultLimits } from "../../../harness/watch/limits.ts";
import type { Finding, Rule } from "../../../harness/watch/policy/finding.ts";
import { viewOf } from "../../../harness/watch/policy/view.ts";
import type { History, Limits } from "../../../harness/watch/types.ts";
import { historyWith, serviceRecord } from "./records.ts";

export type Seen = Partial<Pick<History, "services" | "tasks" | "nodes" | "missingImages" | "disturbances" | "dependencies">> & {
  /** When the change was made, ms. */
  readonly since?: number;
  readonly before?: History["change"]["before"];
};

/** What one rule says at `now` (ms) about service `app`; without `services` there is only that one. */
export function found(rule: Rule, { since = 0, before = {}, services = [serviceRecord()], ...seen }: Seen, now: number, limits: Partial<Limits> = {}): Finding | null {
  const change = { name: "deploy", at: since, startedAt: since, applied: true, before, expected: [] };
  const view = viewOf(historyWith({ services, change, ...seen }), { ...defaultLimits, ...limits }, now);
  const app = view.services.get("app");
  if (!app) throw new Error("no service app in this history");
  return rule(app, view);
}
