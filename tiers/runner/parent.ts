import type { TierResult } from "../../reports/results.ts";
export interface TestRunner { run(o: any): Promise<TierResult>; close(): Promise<void> }
export async function startRunner(_o: any): Promise<TestRunner> {
  return { run: async (o) => ({ name: o.tier, status: "unverified", reason: "no runner yet", tests: [] }), close: async () => {} };
}
