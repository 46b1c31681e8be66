import type { BuildEvent } from "../../build/events.ts";

/** Shows a build while it runs. */
export interface Progress {
  emit(event: BuildEvent): void;
  /** Leaves the terminal as it should be for what is printed next. */
  close(): void;
}
