import { type Alias, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair, parseDocument, Parser, visit, type YAMLMap } from "yaml";

/** Something in a YAML text that other parsers read otherwise than this harness's, or that parsers of other versions do. */
export interface Dispute {
  readonly rule: string;
  /** The text in question; empty where it can't be shown. */
  readonly what: string;
  readonly text: string;
  readonly remedy: string;
}

/** YAML 1.1, by which Docker's parser goes, ends a line at these; 1.2 reads on, in a comment say. */
const oddBreak = /\r(?!\n)|[\u0085\u2028\u2029]/;

/** Nobody writes so many keys to be merged; each merge of them is looked through. */
const mostMerged = 200;

/**
 * The disputes of a YAML text, the first of each kind; found by comparing with go-yaml v2 and v3, which Docker's and abra's releases
 * have. Pure.
 */
export function disputesIn(text: string): Dispute[] {
  const found = new Map<string, Dispute>();
  const note = (rule: string, what: string, said: string, remedy: string) => found.has(rule) || found.set(rule, { rule, what, text: said, remedy });
  if (oddBreak.test(text)) note("yaml-line-break", "", "has a line break that only some readers see", "end lines with a line feed, and write other breaks as escapes in double quotes");
  if (documentsIn(text) > 1) note("yaml-documents", "---", "begins a second document, which nobody reads", "take it out");
  const anchors = new Map<string, Node>();
  visit(parseDocument(text, { merge: true, logLevel: "silent", uniqueKeys: false }), {
    Pair(index, pair, path) {
      if (isAlias(pair.key)) note("yaml-alias-key", `*${pair.key.source}`, "is a key under another name", "write the key itself");
      const map = path.at(-1);
      if (isMerge(pair) && isMap(map) && typeof index === "number" && isLate(map, index, anchors)) note("yaml-merge", "<<", "merges over keys that stand before it, or beside another merge", "put one << at the beginning");
    },
    Node(_, node) {
      const { anchor, tag } = node as Exclude<Node, Alias>;
      if (anchor !== undefined) anchors.set(anchor, node);
      if (tag !== undefined) note("yaml-tag", tag, "is read differently by different readers", "write the value as it is meant");
      if (isScalar(node) && node.type === "PLAIN" && typeof node.value === "string" && node.value.startsWith("?")) note("yaml-question-mark", node.value, "may be a key of its own", "put it in quotes");
    },
  });
  return [...found.values()];
}

function documentsIn(text: string): number {
  return [...new Parser().parse(text)].filter(({ type }) => type === "document").length;
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.source === "<<" && key.type === "PLAIN";
}

/** Whether a merge may meet keys of its own mapping that stand before it: some readers let it win, others not. */
function isLate(map: YAMLMap, index: number, anchors: ReadonlyMap<string, Node>): boolean {
  const before = map.items.slice(0, index);
  if (before.some(isMerge)) return true;
  const keys = new Set(before.map(keyOf));
  const sources = sourcesOf(map.items[index]?.value, anchors);
  return keys.size > 0 && (sources.length >= mostMerged || sources.some((one) => !isMap(one) || one.items.length > mostMerged || one.items.some((pair) => isMerge(pair) || keys.has(keyOf(pair)))));
}

/** `1` and `"1"` are the same key to some readers. */
function keyOf({ key }: Pair): unknown {
  return isScalar(key) ? String(key.value) : key;
}

/** What a merge names, as many as are looked at. */
function sourcesOf(value: unknown, anchors: ReadonlyMap<string, Node>): unknown[] {
  const own = (one: unknown) => (isNode(one) && isAlias(one) ? anchors.get(one.source) : one);
  const read = own(value);
  return isSeq(read) ? read.items.slice(0, mostMerged).map(own) : [read];
}
