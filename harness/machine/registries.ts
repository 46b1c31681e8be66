/** Whether a registry answers from here. */

const limitMs = 3000;

/** What a registry's `/v2/` said; a proxy's own page or a captive portal is no registry. Pure. */
export function isRegistryAnswer(status: number, headers: Headers): boolean {
  return headers.has("docker-distribution-api-version") || (status === 401 && headers.has("www-authenticate")) || status === 429;
}

/**
 * The hosts that gave no registry's answer within 3 s, asked twice before they are called silent for a timeout.
 * @throws the signal's reason when it aborts
 */
export async function silentRegistries(hosts: readonly string[], signal: AbortSignal): Promise<string[]> {
  const silent = await Promise.all(hosts.map(async (host) => ((await answers(host, signal)) ? [] : [host])));
  return silent.flat();
}

/** One process asks a host once: a build looks at the machine more than once and must see the same. */
const known = new Map<string, boolean>();

async function answers(host: string, signal: AbortSignal): Promise<boolean> {
  const before = known.get(host);
  if (before !== undefined) return before;
  const first = await asked(host, signal);
  const answer = first === "slow" ? (await asked(host, signal)) === "yes" : first === "yes";
  known.set(host, answer);
  return answer;
}

async function asked(host: string, signal: AbortSignal): Promise<"yes" | "no" | "slow"> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    const response = await fetch(`https://${host}/v2/`, { signal: AbortSignal.any([signal, limit]), redirect: "manual" });
    await response.body?.cancel();
    return isRegistryAnswer(response.status, response.headers) ? "yes" : "no";
  } catch {
    signal.throwIfAborted();
    return limit.aborted ? "slow" : "no";
  }
}
