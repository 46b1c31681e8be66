import { app, expect, needs, test } from "recipe-ci/testing";
import { visitor } from "./account.ts";

test("somebody with an account in keycloak signs in through it, and is known by that name", async () => {
  const keycloak = needs.keycloak;
  if (!keycloak) throw new Error("no keycloak");
  const { username, password } = await visitor(keycloak);
  const page = await app.browser();
  await page.goto("/user/login");
  await page.getByRole("link", { name: /sign in with keycloak/i }).click();
  expect(new URL(page.url()).hostname).toBe(keycloak.domain);
  await page.locator("#username").fill(username);
  await page.locator("#password").fill(password);
  await app.screenshot(page, "at keycloak");
  await page.locator("#kc-login").click();
  await page.waitForURL(`${app.url}/**`);
  await page.goto("/user/settings");
  expect(await page.locator("#username").inputValue()).toBe(username);
  await app.screenshot(page, "signed in");
}, 120_000);

test("a wrong password lets nobody in", async () => {
  const keycloak = needs.keycloak;
  if (!keycloak) throw new Error("no keycloak");
  const { username } = await visitor(keycloak);
  const page = await app.browser();
  await page.goto("/user/login");
  await page.getByRole("link", { name: /sign in with keycloak/i }).click();
  await page.locator("#username").fill(username);
  await page.locator("#password").fill("not the password");
  await page.locator("#kc-login").click();
  await page.getByText("Invalid username or password").waitFor();
  expect(new URL(page.url()).hostname).toBe(keycloak.domain);
  await page.goto("/user/settings");
  expect(new URL(page.url()).pathname).toBe("/user/login");
}, 120_000);
