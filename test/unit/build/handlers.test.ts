import { expect, test } from "vitest";
import type { App } from "../../../harness/build/appState.ts";
import { Build } from "../../../harness/build/context.ts";
import { handlersFor } from "../../../harness/build/handlers.ts";
import { Site } from "../../../harness/build/site.ts";
import type { Swarm } from "../../../harness/swarm/types.ts";
import { request } from "./request.ts";

const signal = new AbortController().signal;

function handlers(build: Build) {
  const app = { secrets: { db_password: "hunter2-of-the-app" } } as unknown as App;
  return handlersFor(new Site(build), {} as Swarm, app, "custom");
}

test("incident 39: what a test masks is hidden by the build and in pictures; a token of the forge is no test's business", async () => {
  const build = new Build({ ...request, source: "https://a-token-of-ours@forge.test/blog.git" }, () => {}, signal, "unit-handlers");
  const { mask, secret, secrets } = handlers(build);
  await mask({ value: "password-of-a-new-user" }, signal);
  expect(build.mask.text("typed password-of-a-new-user with a-token-of-ours")).toBe("typed ••• with •••");
  expect(await secrets({}, signal)).toEqual(["hunter2-of-the-app", "password-of-a-new-user"]);
  expect(await secret({ name: "db_password" }, signal)).toBe("hunter2-of-the-app");
  await expect(secret({ name: "db_pass" }, signal)).rejects.toThrow("no secret db_pass; it has db_password");
});
