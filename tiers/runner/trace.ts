import type { TestReport } from "./messages.ts";

/** What a worker writes when a test begins and when it has ended. */
export interface TraceLine {
  readonly file: string;
  readonly name: string;
  readonly state: "began" | "passed" | "failed";
  readonly durationMs: number;
  readonly error: string | null;
}

export interface Traced {
  readonly ended: readonly TestReport[];
  readonly running: readonly string[];
}

/** What had ended and what was running, from the lines so far; a half-written last line is left out. */
export function readTrace(text: string): Traced {
  const ended: TestReport[] = [];
  const running = new Map<string, string>();
  for (const line of text.split("\n").slice(0, -1)) {
    const { state, ...test } = JSON.parse(line) as TraceLine;
    const key = `${test.file} ${test.name}`;
    if (state === "began") running.set(key, test.name);
    else if (running.delete(key)) ended.push({ ...test, state, note: null });
  }
  return { ended, running: [...running.values()] };
}
