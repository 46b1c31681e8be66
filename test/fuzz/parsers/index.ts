import type { Parser } from "../parser.ts";
import { abra, lint } from "./abra.ts";
import { compose, durations, interpolation, untrusted } from "./compose.ts";
import { docker, healthChecks, logs } from "./docker.ts";
import { env } from "./env.ts";
import { events, lines } from "./events.ts";
import { pages } from "./pages.ts";
import { hostSettings, settings } from "./settings.ts";
import { strangers } from "./strangers.ts";
import { references, versions } from "./versions.ts";

/** Everything that reads what recipes, their authors, abra, an engine or an app wrote. */
export const parsers: readonly Parser[] = [env, compose, untrusted, interpolation, durations, versions, references, lint, abra, docker, healthChecks, logs, events, lines, settings, hostSettings, pages, strangers];
