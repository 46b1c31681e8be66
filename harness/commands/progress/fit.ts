/** What the watch puts between services. */
const between = " · ";

/**
 * A waiting line in the room there is: whole services from the left, then how many more. The first one is cut where even it is
 * too long.
 */
export function fitted(line: string, width: number): string {
  if (line.length <= width) return line;
  const parts = line.split(between);
  const said = /^and (\d+) more$/.exec(parts.at(-1) ?? "");
  if (said) parts.pop();
  for (let shown = parts.length; shown > 0; shown--) {
    const more = parts.length - shown + Number(said?.[1] ?? 0);
    const text = [...parts.slice(0, shown), ...(more > 0 ? [`and ${more} more`] : [])].join(between);
    if (text.length <= width) return text;
  }
  return `${line.slice(0, Math.max(0, width - 1))}…`;
}
