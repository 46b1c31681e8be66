import { randomBytes } from "node:crypto";
import { afterAll, app, expect, test } from "recipe-ci/testing";

const root = "/usr/share/nginx/html";
const folder = `recipe-ci-${randomBytes(4).toString("hex")}`;

/** Puts a file into the site as an operator's `abra app cp` does. */
async function put(name: string, content: Uint8Array): Promise<string> {
  const path = `${root}/${folder}/${name}`;
  const script = 'mkdir -p "${1%/*}" && base64 -d > "$1"';
  const made = await app.exec("app", ["sh", "-c", script, "put", path], { input: Buffer.from(content).toString("base64") });
  expect(made).toMatchObject({ exitCode: 0 });
  return `/${folder}/${name}`;
}

afterAll(async () => {
  await app.exec("app", ["rm", "-rf", `${root}/${folder}`]);
});

test("a file is served byte for byte, with nothing decoded, added or lost", async () => {
  // Every byte value, in no order that text would have; more than one buffer of nginx.
  const content = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), randomBytes(200_000)]);
  const page = await app.fetch(await put("all bytes.png", content));
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toBe("image/png");
  expect(Buffer.from(page.bytes()).equals(content), `${page.bytes().length} bytes came, ${content.length} were put there, and they differ`).toBe(true);
});

test.each([
  ["page.html", "text/html; charset=utf-8"],
  ["style.css", "text/css; charset=utf-8"],
  ["data.json", "application/json"],
  ["drawing.svg", "image/svg+xml; charset=utf-8"],
])("%s is sent as %s", async (name, type) => {
  const page = await app.fetch(await put(name, Buffer.from("<p>Grüße</p>")));
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toBe(type);
  expect(page.text()).toBe("<p>Grüße</p>");
});

test("a browser that has a file is not sent it again", async () => {
  const path = await put("kept.html", Buffer.from("kept"));
  const etag = (await app.fetch(path)).headers.get("etag") ?? "";
  expect(etag).not.toBe("");
  const again = await app.fetch(path, { headers: { "if-none-match": etag } });
  expect({ status: again.status, bytes: again.bytes().length }).toEqual({ status: 304, bytes: 0 });
});

test("what is not there is a 404 of nginx", async () => {
  const page = await app.fetch(`/${folder}/nothing`);
  expect(page.status).toBe(404);
  expect(page.text()).toContain("nginx");
});
