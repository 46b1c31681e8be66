const shortest = 6;

/** Replaces secret values wherever they stand, longest first: plain, in JSON, base64 and URL-encoded. */
export class Mask {
  #forms: string[] = [];

  /** Values shorter than 6 characters are left alone: masking them would garble the text and hide nothing. */
  add(value: string): void {
    const forms = [value, value.trim()].flatMap(formsOf).filter((form) => form.length >= shortest);
    this.#forms = [...new Set([...this.#forms, ...forms])].sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    let masked = text;
    for (const form of this.#forms) masked = masked.replaceAll(form, "•••");
    return masked;
  }

  /** Plain data with every string in it masked. */
  data<T>(value: T): T {
    if (this.#forms.length === 0) return value;
    return JSON.parse(JSON.stringify(value), (_key, one: unknown) => (typeof one === "string" ? this.text(one) : one)) as T;
  }
}

/** How a value may stand in text; none where it is too short. */
function formsOf(value: string): string[] {
  if (value.length < shortest) return [];
  const base64 = Buffer.from(value).toString("base64").replace(/=+$/, "");
  const inUrl = base64.replaceAll("+", "-").replaceAll("/", "_");
  return [value, JSON.stringify(value).slice(1, -1), base64, inUrl, encodeURIComponent(value.toWellFormed())];
}
