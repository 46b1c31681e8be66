/** Of a thousand requests this many may go wrong. */
const mostInThousand = 1;
/** The app asks its visitor to slow down: it works, and protects itself. */
const tooMany = "429";

/**
 * What is wrong with the answers to a load, in words; an empty list is good. A single request that goes wrong is forgiven.
 * @param answers how many by status code
 * @param errors requests that nobody answered
 * @param codes those that the page may have
 */
export function wrongAnswers(answers: Readonly<Record<string, number>>, errors: number, codes: readonly number[]): string[] {
  const wrong = Object.entries(answers).filter(([code]) => code !== tooMany && !codes.includes(Number(code)));
  const all = Object.values(answers).reduce((sum, count) => sum + count, 0) + errors;
  const bad = wrong.reduce((sum, [, count]) => sum + count, 0) + errors;
  if (!Object.keys(answers).some((code) => codes.includes(Number(code)))) return [`none of ${all} requests got the page${inWords(wrong, errors)}`];
  if (bad <= Math.max(1, (all * mostInThousand) / 1000)) return [];
  return [`${bad} of ${all} requests went wrong${inWords(wrong, errors)}: ${mostInThousand} of 1000 may`];
}

function inWords(wrong: readonly (readonly [string, number])[], errors: number): string {
  const parts = [...wrong.map(([code, count]) => `${count} times ${code}`), ...(errors > 0 ? [`${errors} without an answer`] : [])];
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
}
