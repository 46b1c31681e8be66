import assert from "node:assert/strict";
import { firstAssets, isTraefiksOwn, wrongPage } from "../../../tiers/judge/page.ts";
import { cases, much, type Parser } from "../parser.ts";
import { pieced } from "../texts.ts";

const at = "https://app.test/";

export const pages: Parser = {
  name: "front pages",
  cases: cases(pieced(["<link", "<script", "<base", ">", " rel=stylesheet", " href=", " src=", '"', "'", "/a.css", "https://app.test/x.js", "https://other.test/y.js", "javascript:x", "<!--", "-->", " ", "\n", "//", "http://[", "404 page not found"], 30), (html) => {
    const { stylesheet, script } = firstAssets(html, at);
    for (const url of [stylesheet, script]) assert.ok(url === null || new URL(url).hostname === "app.test", `${url}`);
    wrongPage({ codes: [200], text: "x", path: "/" } as never, { url: at, status: 200, text: () => html });
    isTraefiksOwn(404, html);
  }),
  long: {
    "comments that do not end": () => void firstAssets(much("<!--", 1_000_000), at),
    "tags that do not end": () => void firstAssets(much("<script ", 1_000_000), at),
    "quotes in tags": () => void firstAssets(`<script ${much(`"a"`, 1_000_000)}`, at),
    "a quote that does not end": () => void firstAssets(`<script ${much(`" `, 1_000_000)}"`, at),
    "blanks in a tag": () => void firstAssets(`<script${much(" ")}>`, at),
    "blanks behind a name": () => void firstAssets(`<script${much(" src ")}>`, at),
    "blanks around a page": () => void isTraefiksOwn(404, `${much(" ", 1_000_000)}x`),
  },
};
