/**
 * What a recipe's tests import: `import { app, expect, test } from "recipe-ci/testing"`.
 * vitest's own words, the live app, and the recipes that it needs.
 */
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
export { app, needs } from "./app/app.ts";
export type { App, Needs, RunOptions } from "./app/app.ts";
export type { AppResponse, FetchInit } from "./app/visitor.ts";
export type { RecipeVersion, ServiceState, TaskState, TierContext } from "./context.ts";
export type { Ran } from "./rpc/protocol.ts";
export type { Page } from "playwright-core";
