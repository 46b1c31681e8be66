import { type EnvEntry, parseEnv, quoted } from "../envfile.ts";

/**
 * The same settings in the one spelling that every reader of env files takes alike: a key once, at its last value, plain or in single
 * quotes, with its modifiers. What this harness does not read as an assignment is left out, since another reader may.
 */
export function plainEnv(text: string): string {
  const last = new Map<string, EnvEntry>();
  for (const entry of parseEnv(text)) last.set(entry.key, entry);
  return `${[...last.values()].map(line).join("\n")}\n`;
}

function line({ key, value, modifiers }: EnvEntry): string {
  const said = Object.entries(modifiers).filter(([, word]) => /^[\w.-]+$/.test(word)).map(([name, word]) => `${name}=${word}`);
  return `${key}=${quoted(value)}${said.length > 0 ? ` # ${said.join(" ")}` : ""}`;
}
