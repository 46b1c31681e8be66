/** Recipe versions, `1.2.0+6.1.1`: the recipe's own semver, then the main image's version. */

const shape = /^v?(\d+)\.(\d+)\.(\d+)(?:-[\w.-]+)?\+(.+)$/;

export function isVersionTag(tag: string): boolean {
  return shape.test(tag);
}

/** Order by the left part, then by the right part's numbers. */
export function compareTags(a: string, b: string): number {
  const left = parts(a);
  const right = parts(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function parts(tag: string): number[] {
  const [, major, minor, patch, upstream = ""] = shape.exec(tag) ?? [];
  return [major, minor, patch, ...upstream.split(/\D+/).filter(Boolean)].map((n) => Number(n ?? 0));
}
