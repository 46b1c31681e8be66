import { createHash, randomBytes } from "node:crypto";
import { afterAll, app, expect, test } from "recipe-ci/testing";

const requests = 5_000;
const atOnce = 20;
const root = "/usr/share/nginx/html";
const folder = `recipe-ci-${randomBytes(4).toString("hex")}`;

afterAll(async () => {
  await app.exec("app", ["rm", "-rf", `${root}/${folder}`]);
});

test(`${requests} requests by ${atOnce} visitors at once get the same bytes each time`, async () => {
  // Small and large ones take different ways through nginx: in one write, and in many.
  const files = [37, 4_096, 70_000].map((bytes, index) => ({ path: `/${folder}/${index}.bin`, content: randomBytes(bytes) }));
  for (const { path, content } of files) {
    const made = await app.exec("app", ["sh", "-c", 'mkdir -p "${1%/*}" && base64 -d > "$1"', "put", root + path], { input: content.toString("base64") });
    expect(made).toMatchObject({ exitCode: 0 });
  }
  const wanted = files.map(({ content }) => digest(content));
  const wrong: string[] = [];
  let next = 0;
  const visit = async () => {
    while (next < requests) {
      const number = next++;
      const which = number % files.length;
      const page = await app.fetch(files[which]?.path ?? "/", { timeoutMs: 30_000 });
      if (page.status !== 200 || digest(page.bytes()) !== wanted[which]) wrong.push(`request ${number}: ${page.status}, ${page.bytes().length} bytes`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, visit));
  expect(wrong).toEqual([]);
}, 500_000);

function digest(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
