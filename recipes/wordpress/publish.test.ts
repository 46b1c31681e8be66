import { app, beforeAll, describe, expect, type Page, test } from "recipe-ci/testing";
import { administrator, install, password } from "./site.ts";

describe("a site and its author", () => {
  const title = `Written at ${new Date().toISOString()}`;
  const words = "These words were typed in a browser.";
  let page: Page;
  let address: string | null;

  beforeAll(async () => {
    await install(app);
    page = await app.browser();
  }, 90_000);

  test("the author logs in", async () => {
    await page.goto("/wp-login.php");
    await page.getByLabel("Username or Email Address").fill(administrator);
    await page.getByLabel("Password", { exact: true }).fill(await password(app));
    await page.getByRole("button", { name: "Log In" }).click();
    await page.getByRole("heading", { name: "Dashboard" }).waitFor();
    await app.screenshot(page, "dashboard");
  });

  test("the author publishes a post", async () => {
    await page.goto("/wp-admin/post-new.php");
    // Only who opens the editor for the first time is welcomed.
    const welcome = page.getByRole("button", { name: "Close dialog" });
    await page.addLocatorHandler(welcome, () => welcome.click());
    await page.getByRole("textbox", { name: "Add title" }).fill(title);
    await page.keyboard.press("Enter");
    await page.keyboard.type(words);
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    const panel = page.getByRole("region", { name: "Editor publish" });
    await panel.getByRole("button", { name: "Publish", exact: true }).click();
    await panel.getByText("is now live").first().waitFor();
    address = await panel.getByRole("link", { name: "View Post" }).getAttribute("href");
  });

  test("a visitor reads it", async () => {
    expect(address).not.toBeNull();
    const visitor = await app.browser();
    await visitor.goto(address ?? "");
    await visitor.getByRole("heading", { name: title }).waitFor();
    await visitor.getByText(words).waitFor();
    await app.screenshot(visitor, "the post");
  });
});
