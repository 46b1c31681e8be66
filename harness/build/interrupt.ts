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

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Ends the build as if by a deadline or a vanished parent. */
  abort(reason: Interrupted): void;
  /** Gives the signals back. */
  dispose(): void;
}

/**
 * One abort with one reason for everything that ends a build early: SIGINT, SIGTERM, SIGHUP or the deadline.
 * A second SIGINT leaves at once, after `onImpatient` has said what stays behind.
 * @param deadlineMs how long the build may take, milliseconds; teardown has a budget of its own
 */
export function watchInterrupts(deadlineMs: number, onImpatient: () => void): Interrupt {
  const controller = new AbortController();
  const abort = (reason: Interrupted) => {
    if (!controller.signal.aborted) controller.abort(reason);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted && signal === "SIGINT") {
      onImpatient();
      process.exit(130);
    }
    abort(new Interrupted("signal", signal, `interrupted by ${signal}`));
  };
  for (const signal of signals) process.on(signal, onSignal);
  const timer = setTimeout(
    () => abort(new Interrupted("deadline", null, `the build's deadline of ${Math.round(deadlineMs / 60_000)} min passed`)),
    deadlineMs,
  );
  timer.unref();
  return {
    signal: controller.signal,
    abort,
    dispose: () => {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
