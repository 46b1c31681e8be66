import type { App } from "recipe-ci/testing";
import { install, login, postsTitled, xmlRpc } from "./site.ts";

const title = "A post from before";

/** A site with one post and one uploaded file, as an author makes them. */
export async function seed(app: App): Promise<void> {
  await install(app);
  await xmlRpc(app, "wp.newPost", { post_title: title, post_content: "Written before the upgrade and the backup.", post_status: "publish" });
  const written = await app.exec("app", ["sh", "-c", "mkdir -p wp-content/uploads && echo 'uploaded before' > wp-content/uploads/before.txt && chmod 0644 wp-content/uploads/before.txt"]);
  if (written.exitCode !== 0) throw new Error(`the upload failed: ${written.stderr}`);
}

/** The post is deleted for good, the file too, and the site gets another name. */
export async function mutate(app: App): Promise<void> {
  for (const id of await postsTitled(app, title)) {
    // The first time a post goes to the bin, the second time it is gone.
    for (const _ of ["bin", "gone"]) await xmlRpc(app, "wp.deletePost", id).catch(() => null);
  }
  await xmlRpc(app, "wp.setOptions", { blog_title: "Spoilt" });
  await app.exec("app", ["rm", "-f", "wp-content/uploads/before.txt"]);
  if ((await postsTitled(app, title)).length > 0) throw new Error("the post is still there");
}

/** The post, the file and the site's name are there, and its author can log in. */
export async function verify(app: App): Promise<void> {
  // Not on the front page: that shows the latest ten, and the tests of the extra tier write more.
  const found = (await app.newVisitor().fetch(`/?rest_route=/wp/v2/posts&search=${encodeURIComponent(title)}`)).json() as readonly { readonly title: { readonly rendered: string } }[];
  if (!found.some((post) => post.title.rendered === title)) throw new Error(`visitors don't find the post "${title}"`);
  if ((await app.fetch("/")).text().includes("Spoilt")) throw new Error("the site has the name that it got after the backup");
  const upload = await app.fetch("/wp-content/uploads/before.txt");
  if (upload.status !== 200 || upload.text().trim() !== "uploaded before") throw new Error(`the uploaded file is not there: ${upload.status}`);
  await login(app);
}
