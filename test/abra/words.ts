import { randomInt } from "node:crypto";

const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const charsets: Readonly<Record<string, string>> = {
  default: alnum,
  alnum,
  hex: "0123456789abcdef",
  special: "!@#$%^&*_-+=",
  safespecial: "!@#%^&*_-+=",
};
const syllables = ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "zu", "xe"];

/** The characters that a `charset=a,b` modifier allows, or null where one of the names is unknown. */
export function charset(names: string): string | null {
  const sets = names.split(",").map((name) => charsets[name]);
  return sets.includes(undefined) ? null : sets.join("");
}

export function password(length: number, characters: string): string {
  return Array.from({ length }, () => characters[randomInt(characters.length)]).join("");
}

/** What a secret without a length gets: words that can be read out. */
export function passphrase(): string {
  const word = () => Array.from({ length: 4 }, () => syllables[randomInt(syllables.length)]).join("");
  return [word(), word(), word()].join("-");
}
