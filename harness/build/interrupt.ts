import { humanDuration } from "../base/clock.ts";

/** Why a build is to end early. The abort reason of the build's signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly why: "signal" | "deadline" | "parent-gone";
  readonly signal: NodeJS.Signals | null;

  constructor(why: Interrupted["why"], signal: NodeJS.Signals | null, message: string) {
    super(message);
    this.why = why;
    this.signal = signal;
  }
}

const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** A second SIGINT so soon after the first is the same Ctrl-C: npm and npx pass it on to who has it already. */
const echoMs = 300;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Ends the build as if by a deadline or a vanished parent. */
  abort(reason: Error): void;
  /** Gives the signals back. */
  dispose(): void;
}

/**
 * One abort with one reason for everything that ends a build early: SIGINT, SIGTERM, SIGHUP, the deadline, or an error that
 * nobody caught (which would otherwise end the process before its teardown, with the exit code of a failed recipe).
 * A second SIGINT leaves at once, after `onImpatient` has said what stays behind.
 * @param deadlineMs how long the build may take, milliseconds; teardown has a budget of its own
 */
export function watchInterrupts(deadlineMs: number, onImpatient: () => void): Interrupt {
  const controller = new AbortController();
  let abortedAt = 0;
  const abort = (reason: Error) => {
    if (controller.signal.aborted) return;
    abortedAt = performance.now();
    controller.abort(reason);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted && signal === "SIGINT" && performance.now() - abortedAt > echoMs) {
      onImpatient();
      process.exit(130);
    }
    abort(new Interrupted("signal", signal, `interrupted by ${signal}`));
  };
  const onUncaught = (error: unknown) => abort(error instanceof Error ? error : new Error(String(error)));
  for (const signal of signals) process.on(signal, onSignal);
  // Rejections that nobody awaits come here too.
  process.on("uncaughtException", onUncaught);
  const timer = setTimeout(() => abort(new Interrupted("deadline", null, `the build's deadline of ${humanDuration(deadlineMs)} passed`)), deadlineMs);
  timer.unref();
  return {
    signal: controller.signal,
    abort,
    dispose: () => {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, onSignal);
      process.off("uncaughtException", onUncaught);
    },
  };
}
