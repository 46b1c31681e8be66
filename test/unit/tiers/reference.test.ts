import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { membersOf, readmeFile, withReference } from "../../../tiers/reference.ts";

test("the README's reference is the declarations': npm run reference writes it", () => {
  const readme = readFileSync(readmeFile, "utf8");
  expect(readme).toBe(withReference(readme));
});

test("every way to look at an app is in it", () => {
  const readme = readFileSync(readmeFile, "utf8");
  for (const name of ["fetch", "browser", "screenshot", "exec", "logs", "secret", "env", "abra.cmd", "eventually", "base", "head", "services", "mask"]) {
    expect(readme, name).toMatch(new RegExp(`^\\| \`app\\.${name.replace(".", "\\.")}[:(<]`, "m"));
  }
});

test("what a reader calls: getters, methods, those of an object; nothing private, internal or without a comment", () => {
  const text = `
class App {
  #own = 1;
  /** For us. @internal */
  browsers = null;

  /** The address.
   * @throws Error never */
  get url(): string {
    return "";
  }

  plain(): void {}

  readonly abra = {
    /** Runs it. */
    cmd: (service: string | null): Promise<Ran> => {
      return x;
    },
  };

  /**
   * Asks again
   * and again.
   * @param ms how long
   */
  async eventually<T>(check: () => T, ms = 1): Promise<T> {
    return check();
  }
}
`;
  expect(membersOf(text, "App")).toEqual([
    { call: "app.url: string", doc: "The address. Throws Error never." },
    { call: "app.abra.cmd(service: string | null): Promise<Ran>", doc: "Runs it." },
    { call: "app.eventually<T>(check: () => T, ms = 1): Promise<T>", doc: "Asks again and again. `ms`: how long." },
  ]);
});
