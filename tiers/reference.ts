/**
 * What a test can use, as the README shows it: taken from the declarations themselves, so that it can't say something else.
 * `npm run reference` writes it, a test guards it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const readmeFile = join(import.meta.dirname, "README.md");

const [begin, end] = ["<!-- reference: npm run reference -->", "<!-- end of reference -->"];

/** Which declarations a reader needs besides `app` itself, and where they stand. */
const shapes: readonly (readonly [string, readonly string[]])[] = [
  ["app/visitor.ts", ["FetchInit", "AppResponse"]],
  ["app/app.ts", ["RunOptions"]],
  ["rpc/protocol.ts", ["Ran"]],
  ["seen.ts", ["ServiceState", "TaskState"]],
  ["context.ts", ["RecipeVersion"]],
];

/** One member of `app`, as a reader calls it. */
export interface Member {
  readonly call: string;
  readonly doc: string;
}

/** The README with its reference as it has to be. @throws Error where the marks are gone */
export function withReference(readme: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${readmeFile} has no ${begin} ... ${end}`);
  return `${readme.slice(0, from)}${begin}\n${referenceText()}${readme.slice(to)}`;
}

function referenceText(): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = membersOf(source("app/app.ts"), "App").map(({ call, doc }) => `| \`${cell(call)}\` | ${cell(doc)} |`);
  const blocks = shapes.flatMap(([file, names]) => names.map((name) => declarationOf(source(file), name)));
  return ["| of `app` | |", "|---|---|", ...rows, "", "```ts", blocks.join("\n\n"), "```", ""].join("\n");
}

function source(file: string): string {
  return readFileSync(join(import.meta.dirname, file), "utf8");
}

/**
 * The documented members of a class, in order, those of a nested object under its name. What has no comment, is private or marked
 * `@internal` is no part of it. Reads this project's own style: one line a signature, two spaces a level.
 */
export function membersOf(text: string, className: string): Member[] {
  const body = new RegExp(`^class ${className} \\{\\n([\\s\\S]*?)^\\}`, "m").exec(text)?.[1];
  if (body === undefined) throw new Error(`there is no class ${className}`);
  const members: Member[] = [];
  let inside = "";
  for (const match of body.matchAll(/^ {2}readonly (\w+) = \{$|^ {2}\};$|^ {2}(?: {2})?\/\*\*([\s\S]*?)\*\/\n(.*)$/gm)) {
    const [whole, object, comment, line] = match;
    if (comment === undefined || line === undefined) inside = object === undefined && whole.startsWith("  }") ? "" : `${object}.`;
    else if (!comment.includes("@internal")) members.push({ call: `app.${inside}${callOf(line)}`, doc: prose(comment) });
  }
  return members;
}

/** `get url(): string {`, `async x<T>(a: A): Promise<B> {` and `cmd: (a: A): Promise<B> => {` as a caller sees them. */
function callOf(line: string): string {
  const said = line.trim().replace(/ (?:=> )?\{$/, "").replace(/^async /, "").replace(/^get (\w+)\(\)/, "$1");
  return said.replace(/^(\w+): \(/, "$1(");
}

/** A comment in one line, its tags as words. */
function prose(comment: string): string {
  const text = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trim()).filter(Boolean).join(" ");
  const parts = text.split(/ ?(?=@(?:param|returns|throws) )/).filter(Boolean).map((part) => (/[.!?]$/.test(part) ? part : `${part}.`));
  return parts.join(" ").replace(/@param (\w+) /g, "`$1`: ").replace(/@returns /g, "Answers ").replace(/@throws /g, "Throws ");
}

/** An exported interface with its comment, as it stands. */
function declarationOf(text: string, name: string): string {
  const found = new RegExp(`^(?:/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?export interface ${name} \\{\\n[\\s\\S]*?^\\}`, "m").exec(text)?.[0];
  if (found === undefined) throw new Error(`there is no interface ${name}`);
  return found.replaceAll("export interface", "interface");
}

if (import.meta.main) writeFileSync(readmeFile, withReference(readFileSync(readmeFile, "utf8")));
