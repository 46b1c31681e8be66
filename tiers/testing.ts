/**
 * What a recipe's tests import: `import { app, expect, test } from "recipe-ci/testing"`.
 * vitest's own words, and the live app.
 */
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
export { app } from "./app/app.ts";
export type { App, RunOptions } from "./app/app.ts";
export type { AppResponse, FetchInit } from "./app/visitor.ts";
export type { RecipeVersion, ServiceState, TaskState, TierContext } from "./context.ts";
export type { Ran } from "./rpc/protocol.ts";
export type { Page } from "playwright-core";
