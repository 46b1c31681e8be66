import type { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { cut, shown } from "./schema.ts";
import { nearest } from "../base/nearest.ts";

/** As much of a JSON Schema as is needed to know which keys stand where. */
export interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly const?: unknown;
}

/**
 * The first thing that is wrong with settings, as an error that names place and key and says what to do.
 * @param value what was given
 * @param shape the settings' JSON Schema
 */
export function problem(error: z.ZodError, value: unknown, place: string, shape: Shape): UsageError {
  const issue = error.issues[0];
  if (!issue) return new UsageError(place, "is wrong", "correct it");
  const path = issue.path.map(String);
  const said = path.join(".");
  if (issue.code === "unrecognized_keys") return unknownKey(path, issue.keys[0] ?? "", value, place, shape);
  const [what = "", remedy] = issue.message.split(cut);
  const wrong = path.reduce(inside, value);
  if (issue.code === "invalid_union") return new UsageError(place, `${said} ${wrong === undefined ? "is missing" : `is ${shown(wrong)}`}`, remedy ?? what);
  if (remedy !== undefined) return new UsageError(place, `${said} ${what}`, remedy);
  if (issue.code === "invalid_type" && (issue.expected === "object" || issue.expected === "record")) {
    return new UsageError(place, `${said || "what it holds"} is ${shown(wrong)}`, `it must be an object${keysInWords(path, value, shape)}`);
  }
  return new UsageError(place, `${said || "the file"}: ${what}`, `correct it${keysInWords(path.slice(0, -1), value, shape)}`);
}

function unknownKey(path: readonly string[], key: string, value: unknown, place: string, shape: Shape): UsageError {
  const near = nearest(key, keysOf(at(shape, path, value))) ?? (path.length === 0 ? elsewhere(key, shape) : null);
  return new UsageError(place, `unknown key "${[...path, key].join(".")}"${near === null ? "" : `, did you mean "${near}"?`}`, keysInWords(path, value, shape).replace(/^; /, ""));
}

/** Where a key does belong that stands in the wrong place, as `restarts.failures`. */
function elsewhere(key: string, shape: Shape): string | null {
  const [found] = Object.entries(shape.properties ?? {}).flatMap(([name, inner]) => (Object.hasOwn(inner.properties ?? {}, key) ? [`${name}.${key}`] : []));
  return found ?? null;
}

function keysInWords(path: readonly string[], value: unknown, shape: Shape): string {
  const keys = keysOf(at(shape, path, value));
  if (keys.length === 0) return "";
  return `; the keys${path.length === 0 ? "" : ` of ${path.join(".")}`} are ${keys.join(", ")}`;
}

function keysOf(shape: Shape | null): string[] {
  return Object.keys(shape?.properties ?? {}).filter((key) => key !== "$schema");
}

/** What may stand at a path; of alternatives the one whose constants the value has. */
function at(shape: Shape, path: readonly string[], value: unknown): Shape | null {
  const chosen = shape.oneOf ? (shape.oneOf.find((one) => isOf(one, value)) ?? null) : shape;
  const [key, ...rest] = path;
  if (chosen === null || key === undefined) return chosen;
  const open = typeof chosen.additionalProperties === "object" ? chosen.additionalProperties : null;
  const next = (Object.hasOwn(chosen.properties ?? {}, key) ? chosen.properties?.[key] : undefined) ?? chosen.items ?? open;
  return next ? at(next, rest, inside(value, key)) : null;
}

function isOf({ properties = {} }: Shape, value: unknown): boolean {
  return Object.entries(properties).every(([key, property]) => property.const === undefined || property.const === inside(value, key));
}

function inside(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
