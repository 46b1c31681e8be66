import { app, expect, test } from "recipe-ci/testing";

test("the front page is WordPress's: the installation of a new site, or the site", async () => {
  const page = await app.fetch("/");
  expect(page.status).toBe(200);
  expect([`${app.url}/wp-admin/install.php`, `${app.url}/`]).toContain(page.url);
  expect(page.text()).toMatch(/WordPress/);
});

test("the database answers with the password that the app has", async () => {
  const script = `exit((new mysqli(getenv("WORDPRESS_DB_HOST"), "wordpress", trim(file_get_contents("/run/secrets/db_password")), "wordpress"))->query("SELECT 1") ? 0 : 1);`;
  expect(await app.exec("app", ["php", "-r", script])).toMatchObject({ exitCode: 0 });
});
