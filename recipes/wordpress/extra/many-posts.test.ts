import { randomBytes } from "node:crypto";
import { app, beforeAll, expect, test } from "recipe-ci/testing";
import { install, member, xmlRpc } from "../site.ts";
import { png } from "./png.ts";

const run = randomBytes(4).toString("hex");
const count = 20;
const title = (index: number) => `Post ${index} of ${run}`;
/** By post: where its picture is, below the app's address. */
const pictures: string[] = [];

beforeAll(async () => {
  await install(app);
  for (let index = 0; index < count; index += 1) {
    const uploaded = await xmlRpc(app, "wp.uploadFile", { name: `picture-${run}-${index}.png`, type: "image/png", bits: png(400, 300, index) });
    const address = new URL(member(uploaded, "url") ?? "", app.url).pathname;
    pictures.push(address);
    await xmlRpc(app, "wp.newPost", { post_title: title(index), post_content: `<p><img src="${address}"></p>`, post_status: "publish" });
  }
}, 120_000);

interface Post {
  readonly title: { readonly rendered: string };
  readonly content: { readonly rendered: string };
}

test("the REST API finds each of twenty posts with its picture, page by page", async () => {
  const found: Post[] = [];
  for (let page = 1; page <= 3; page += 1) {
    const answer = await app.newVisitor().fetch(`/?rest_route=/wp/v2/posts&search=${run}&orderby=id&order=asc&per_page=7&page=${page}`);
    expect([answer.headers.get("x-wp-total"), answer.headers.get("x-wp-totalpages")]).toEqual([String(count), "3"]);
    found.push(...(answer.json() as Post[]));
  }
  expect(found.map((post) => post.title.rendered)).toEqual(pictures.map((_, index) => title(index)));
  for (const [index, picture] of pictures.entries()) expect(found[index]?.content.rendered).toContain(picture);
});

test("visitors get every picture as it was uploaded, and a small one that WordPress made", async () => {
  for (const [index, address] of pictures.entries()) {
    const whole = await app.fetch(address);
    expect(Buffer.from(whole.bytes()).equals(png(400, 300, index)), address).toBe(true);
    const small = await app.fetch(address.replace(/\.png$/, "-300x225.png"));
    expect(small.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(small.bytes()).toString("hex", 16, 24)).toBe("0000012c000000e1");
  }
});

test("a file of ten megabytes arrives whole", async () => {
  // Base64 and XML around it, and all of it in PHP's memory several times.
  const content = randomBytes(10_000_000);
  const uploaded = await xmlRpc(app, "wp.uploadFile", { name: `large-${run}.zip`, type: "application/zip", bits: content });
  const got = await app.fetch(new URL(member(uploaded, "url") ?? "", app.url).pathname, { timeoutMs: 30_000 });
  expect(Buffer.from(got.bytes()).equals(content)).toBe(true);
});
