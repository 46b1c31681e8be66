import type { FrontPage } from "./context.ts";
import { wrongPage } from "./judge/page.ts";
import { app } from "./testing.ts";

/**
 * What is wrong with the front page as a visitor gets it now, in words; an empty list is good. A redirect that the settings ask for
 * is the answer itself, and not followed.
 */
export async function wrongFrontPage(front: FrontPage): Promise<string[]> {
  return wrongPage(front, await app.fetch(front.path, { redirect: front.follow ? "follow" : "manual" }));
}
