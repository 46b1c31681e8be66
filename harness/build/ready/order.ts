/**
 * Starts everything at once but what has to wait for others of the list; each of those begins when the last of them has passed,
 * and never where one of them fails.
 * @param list without circles; names in `after` that it lacks count as passed
 * @returns a promise each, in the list's order; it rejects as `run` does, or with the error of the one it waited for
 */
export function inOrder<T extends { readonly name: string; readonly after: readonly string[] }>(list: readonly T[], run: (one: T) => Promise<void>): Promise<void>[] {
  const begun = new Map<string, Promise<void>>();
  const begin = (one: T): Promise<void> => {
    const known = begun.get(one.name);
    if (known) return known;
    const before = list.filter(({ name }) => one.after.includes(name)).map(begin);
    const started = before.length === 0 ? run(one) : Promise.all(before).then(() => run(one));
    begun.set(one.name, started);
    return started;
  };
  return list.map(begin);
}
