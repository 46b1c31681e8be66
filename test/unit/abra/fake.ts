import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** An abra that is a shell script: what a real one might do wrong. */
export function fakeAbra(path: string, body: string, mode = 0o755): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

export const saysVersion = 'if [ "$1" = --version ]; then echo "abra version 0.13.0-beta-06a57de"; exit 0; fi';
