const shortest = 6;

/** Replaces secret values wherever they stand, longest first, plain, base64 and URL-encoded. */
export class Mask {
  #forms: string[] = [];

  /** Values shorter than 6 characters are left alone: masking them would garble the text and hide nothing. */
  add(value: string): void {
    if (value.length < shortest) return;
    const forms = [value, Buffer.from(value).toString("base64").replace(/=+$/, ""), encodeURIComponent(value)];
    this.#forms = [...new Set([...this.#forms, ...forms])].sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    let masked = text;
    for (const form of this.#forms) masked = masked.replaceAll(form, "•••");
    return masked;
  }
}
