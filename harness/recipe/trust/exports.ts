import { shown } from "./reading.ts";
import type { Refusal } from "./refusal.ts";

/** An export that every reader of abra.sh takes for the same: one a line, nothing quoted, nothing behind it. */
const plain = /^export [A-Za-z_]\w*=\w[\w.-]*$/;

/** Names that one line of abra.sh may give a value to, in whatever reading. */
const given = /([A-Za-z_]\w*)=/g;

/**
 * Variables of abra.sh whose value depends on who reads it: quotes, blanks, comments, several on a line. abra, its stand-in and this
 * harness each read these lines as text, and none as a shell would.
 */
export function doubtfulExports(abraSh: string): Set<string> {
  const odd = abraSh.split(/\r\n|[\n\r\u0085\u2028\u2029]/).filter((line) => /^\s*export\b/.test(line) && !plain.test(line));
  return new Set(odd.flatMap((line) => [...line.matchAll(given)].map(([, name]) => name ?? "")));
}

/** The variables in which abra reads commands that it runs after it deployed. */
const hooks = ["POST_DEPLOY_CMDS", "POST_UPGRADE_CMDS", "POST_ROLLBACK_CMDS"] as const;

/**
 * Commands of abra.sh that would run where abra runs, and not in a service of the app: `service function args|…`.
 * @param services the app's own
 */
export function commandRefusals(env: Readonly<Record<string, string>>, services: readonly string[]): Refusal[] {
  return hooks.flatMap((hook) =>
    (env[hook] ?? "").split("|").map((command) => command.trim()).filter(Boolean).flatMap((command): Refusal[] => {
      const [where = ""] = command.split(/\s+/);
      // A service of that name does not help: which of the two abra means is abra's to say.
      if (where !== "local" && services.includes(where)) return [];
      const said = shown(command);
      const text = where === "local" ? `"${said}" runs a function of abra.sh where abra runs, beside the engine` : `"${said}" names no service of the app that it would run in`;
      return [{ rule: "command-on-host", service: null, file: ".env.sample", key: hook, text, remedy: `run it in a service (${shown(services.join(", "))})` }];
    }),
  );
}

/** The app's own stack, whatever the recipe would like it to be called. */
export function stackRefusals(env: Readonly<Record<string, string>>, stack: string): Refusal[] {
  const said = env.STACK_NAME;
  if (said === undefined || said === stack) return [];
  return [{ rule: "other-stack", service: null, file: ".env.sample", key: "STACK_NAME", text: `deploys over the stack ${shown(said)}`, remedy: "leave it out: abra names the stack after the domain" }];
}

/** abra finds an app's recipe by RECIPE, else by TYPE, each with or without a version; what is no name it fetches as an address. */
const whose = ["RECIPE", "TYPE"] as const;

/** Files that abra would deploy in place of those that are judged here. */
export function recipeRefusals(env: Readonly<Record<string, string>>): Refusal[] {
  const said = whose.flatMap((key) => (env[key] === undefined ? [] : [{ key, name: env[key].replace(/:[^/]*$/, "") }]));
  const other = said.find(({ name }) => !/^[a-z0-9][\w.-]*$/i.test(name) || name !== said.at(-1)?.name);
  if (!other) return [];
  return [{ rule: "other-recipe", service: null, file: ".env.sample", key: other.key, text: `leads abra to the recipe ${shown(other.name)}, which may have other files`, remedy: "leave RECIPE out, and write the recipe's name in TYPE" }];
}
