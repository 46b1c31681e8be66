import type { DisturbOptions } from "../../watch/watch.ts";
import type { App } from "../app/appState.ts";

/**
 * Work that the watch must not take for the app's failure. From its end on, however it ends, whatever fails counts again: a
 * disturbance that outlived its work would hide what the app does by itself.
 */
export async function disturbing<T>({ watch }: Pick<App, "watch">, disturbance: DisturbOptions, work: () => Promise<T>): Promise<T> {
  const end = watch?.disturb(disturbance);
  try {
    return await work();
  } finally {
    end?.();
  }
}
