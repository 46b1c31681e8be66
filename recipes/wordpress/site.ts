import type { App } from "recipe-ci/testing";

/** The site's administrator, as the installation makes it. Its password is one that the app has anyway: it is masked everywhere. */
export const administrator = "admin";

export function password(app: App): Promise<string> {
  return app.secret("db_password");
}

/** Fills in the installation's form, where nobody has yet. */
export async function install(app: App): Promise<void> {
  const page = await app.fetch("/");
  if (!new URL(page.url).pathname.endsWith("/install.php")) return;
  const secret = await password(app);
  const done = await app.fetch("/wp-admin/install.php?step=2", {
    method: "POST",
    timeoutMs: 60_000,
    body: new URLSearchParams({ weblog_title: "A site", user_name: administrator, admin_password: secret, admin_password2: secret, pw_weak: "1", admin_email: "admin@example.com", blog_public: "0", language: "" }),
  });
  if (!/wp-login\.php/.test(done.text())) throw new Error(`the installation did not end: ${done.status} ${done.text().replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").slice(0, 200)}`);
}

/** Logs in as a visitor does. @throws Error where that leads anywhere but to the dashboard */
export async function login(app: App): Promise<void> {
  const visitor = app.newVisitor();
  await visitor.fetch("/wp-login.php");
  const page = await visitor.fetch("/wp-login.php", { method: "POST", body: new URLSearchParams({ log: administrator, pwd: await password(app), testcookie: "1", redirect_to: `${app.url}/wp-admin/` }) });
  if (!new URL(page.url).pathname.startsWith("/wp-admin")) throw new Error(`the login leads to ${page.url} (${page.status})`);
}

/** Ids of the posts that have this title, whatever their state. */
export async function postsTitled(app: App, title: string): Promise<number[]> {
  const answer = await xmlRpc(app, "wp.getPosts", { number: 100 });
  return answer.split("<struct>").flatMap((post) => {
    const id = member(post, "post_id");
    return member(post, "post_title") === title && id !== null ? [Number(id)] : [];
  });
}

type Member = string | number | Uint8Array;

/** A call of the API that offline editors use, as the administrator. @throws Error with what it refuses */
export async function xmlRpc(app: App, method: string, argument: number | Readonly<Record<string, Member>>): Promise<string> {
  const values = ["1", administrator, await password(app)].map((text) => `<param><value><string>${escaped(text)}</string></value></param>`).join("");
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values}<param>${value(argument)}</param></params></methodCall>`;
  const answer = await app.fetch("/xmlrpc.php", { method: "POST", headers: { "content-type": "text/xml" }, body, timeoutMs: 30_000 });
  const text = answer.text();
  if (answer.status !== 200 || text.includes("<fault>")) throw new Error(`${method}: ${answer.status} ${member(text, "faultString") ?? text.slice(0, 200)}`);
  return text;
}

function value(argument: Member | Readonly<Record<string, Member>>): string {
  if (typeof argument === "number") return `<value><int>${argument}</int></value>`;
  if (typeof argument === "string") return `<value><string>${escaped(argument)}</string></value>`;
  if (argument instanceof Uint8Array) return `<value><base64>${Buffer.from(argument).toString("base64")}</base64></value>`;
  const members = Object.entries(argument).map(([name, one]) => `<member><name>${name}</name>${value(one)}</member>`);
  return `<value><struct>${members.join("")}</struct></value>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** The value of the first member of this name in an answer, or null. */
export function member(xml: string, name: string): string | null {
  return new RegExp(`<name>${name}</name>\\s*<value>\\s*<(?:string|int)>([^<]*)<`).exec(xml)?.[1] ?? null;
}
