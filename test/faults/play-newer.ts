import type { Case } from "./cases.ts";
import { begin, cameTo, keepAll, lastWords, leftBy, type Tried, wrongsBeside } from "./play.ts";
import { nothing } from "./act/armed.ts";
import { wrongs } from "./outcome.ts";
import type { Server } from "./server.ts";

/**
 * A newer recipe-ci's build is killed with its guardian while an older's goes on beside it: the older lets alone what it can't read,
 * in its build and in its sweep, and the newer's sweep takes it away.
 */
export async function playNewer(one: Case, server: Server, keepIn: string, signal: AbortSignal): Promise<Tried> {
  const started = performance.now();
  const armed = await server.arm(one);
  const hit = await begin(server, one, armed, "hit", signal, (...given) => server.start(...given, server.newer));
  const beside = await begin(server, one, nothing, "beside", signal);
  const [ended, besideEnded] = [await hit.ended, await beside.ended];
  signal.throwIfAborted();
  const wasLeft = await server.left();
  const said = await server.sweep();
  const letAlone = await server.left();
  const swept = await leftBy(server, signal, () => server.sweep(server.newer));
  const results = await server.results("hit");
  const wrong = [
    ...wrongs({ ...ended, results, leftAtEnd: wasLeft, left: swept.still }, one.expected),
    ...(await wrongsBeside(server, besideEnded)),
    ...(wasLeft.some((thing) => thing.startsWith("service")) ? [] : ["the killed build had nothing that anybody could have taken away"]),
    ...wasLeft.filter((thing) => !letAlone.includes(thing) && !thing.startsWith("process")).map((thing) => `the older one took away ${thing}`),
    ...(/unknown: written by a newer/.test(said) ? [] : [`the older one's sweep does not say that it can't read the newer's lease: ${said.trim()}`]),
  ];
  if (wrong.length > 0) await keepAll(server, ["hit", "beside"], keepIn);
  return { name: one.name, group: one.group, wrong: [...wrong, ...(wrong.length > 0 ? lastWords(ended) : [])], came: cameTo(ended, results), leftAtEnd: wasLeft.length, goneBy: swept.goneBy, tookMs: performance.now() - started };
}
