/**
 * What a recipe may say of how it is judged: `recipes/<name>/recipe.ts`, `--config DIR/recipe.ts`, or the same as JSON in the
 * recipe's own `.recipe-ci/recipe.json`. `import { defineRecipe } from "recipe-ci/settings"`.
 */

/** Whatever is left out keeps its default. All times are seconds. */
export interface RecipeSettings {
  /** For editors, in recipe.json: where the JSON Schema is. */
  readonly $schema?: string;
  /** What a working front page is, for `ready`, install and upgrade. */
  readonly health?: HealthSettings;
  /** What else has to answer before the app is ready, by a name of your choice. All of them run at once, but for `after`. */
  readonly probes?: Readonly<Record<string, ProbeSettings>>;
  readonly timeouts?: {
    /** A deployment may take this long until every service is up, 10 to 86400; by default the recipe's timeout label, 600 at least. */
    readonly deploy?: number;
    /** Then the front page and each probe may take this long, 1 to 86400; by default as long as a deployment. */
    readonly ready?: number;
    /** The tests of one tier may take this long together, 1 to 86400; 600 by default. */
    readonly tier?: number;
  };
  /** What the watch calls a crash loop. */
  readonly restarts?: {
    /** This many failures of one slot, 1 to 40; 4 by default ... */
    readonly failures?: number;
    /** ... within this many seconds, at most 3600; 300 by default. It has to hold as many restarts. */
    readonly withinSeconds?: number;
    /** Seconds that a task has to stay up until earlier failures are forgotten, 10 to 3600; 120 by default. */
    readonly stableFor?: number;
    /** Seconds after a change in which a dependency that is not ready excuses failures, 10 to 3600; 600 by default. */
    readonly ceiling?: number;
  };
  /** The load of the extra suite on the front page. */
  readonly load?: {
    /** 1 to 3600; 60 by default. */
    readonly seconds?: number;
    /** Visitors at once, each of whom asks again as soon as it has its answer, 1 to 1000; 10 by default. */
    readonly connections?: number;
  };
  /** By service name: what it waits for besides what compose says, and what it does not wait for although compose looks like it. */
  readonly dependencies?: Readonly<Record<string, { readonly add?: readonly string[]; readonly remove?: readonly string[] }>>;
  /** In its values `{{needs.keycloak.domain}}` stands for the domain of a recipe under `needs`. */
  readonly env?: EnvSettings;
  /** Recipes that this one works with, each deployed beside it at its newest release, for its own tests: `["keycloak"]`. */
  readonly needs?: readonly string[];
  /** How much of a machine it takes beside other builds, above 0; 1 by default. Not used yet: nothing admits builds by it. */
  readonly weight?: number;
  /** Changes to the compose files that only a test needs. None may change what is tested of head. */
  readonly overlays?: readonly OverlaySettings[];
  /** By name: the recipe in another shape, for `--variant NAME`. Each is a build of its own. */
  readonly variants?: Readonly<Record<string, VariantSettings>>;
  /** By tier (`upgrade`), by scenario of the extra suite (`kill`) or by the name of a test as the results show it: why it is not run. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** A page of the app, as a visitor gets it: redirects on the app's own domain are followed unless `codes` names one. */
export interface HealthSettings {
  /** `/` by default. */
  readonly path?: string;
  /** Status codes that count, 200 to 499; by default 200 to 399, 401 and 403. Traefik's own 404 never counts. */
  readonly codes?: readonly number[];
  /** Text that the page has to contain. */
  readonly text?: string;
}

export type ProbeSettings = HttpProbe | TcpProbe | CommandProbe;

interface AnyProbe {
  /** Probes that have to have passed before this one begins. */
  readonly after?: readonly string[];
  /** Seconds, 1 to 86400; by default `timeouts.ready`. */
  readonly timeout?: number;
}

/** Another page of the app. */
export interface HttpProbe extends AnyProbe {
  readonly kind: "http";
  readonly path: string;
  readonly codes?: readonly number[];
  readonly text?: string;
}

/** A port of a service that takes connections, published or not. */
export interface TcpProbe extends AnyProbe {
  readonly kind: "tcp";
  readonly service: string;
  /** In the container. */
  readonly port: number;
  /** This many in a row, one a second, to the same container, 1 to 100; 3 by default. */
  readonly connects?: number;
}

/** A program in a service's running container, until it ends with 0. */
export interface CommandProbe extends AnyProbe {
  readonly kind: "command";
  readonly service: string;
  readonly command: readonly string[];
}

/** Values for the app's .env, taken as they are. `--env K=V` wins over them. */
export interface EnvSettings {
  /** From the first deployment on, base's too. */
  readonly deploy?: Readonly<Record<string, string>>;
  /** What an operator sets when going from base to head, over those of `deploy`. */
  readonly upgrade?: Readonly<Record<string, string>>;
}

export interface OverlaySettings {
  /** Of which side's files. */
  readonly scope: "base" | "head" | "both";
  /** Why a test needs it. */
  readonly reason: string;
  /** The last day on which it is applied, `2026-12-31`; after it the build is refused until somebody has looked. */
  readonly expires: string;
  /** Merged over the recipe's compose files as one more of them. Of head it may change no image, program or service. */
  readonly compose: {
    readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly volumes?: Readonly<Record<string, unknown>>;
    readonly networks?: Readonly<Record<string, unknown>>;
    readonly secrets?: Readonly<Record<string, unknown>>;
    readonly configs?: Readonly<Record<string, unknown>>;
  };
}

/** On top of what the recipe's settings say for all. */
export interface VariantSettings {
  readonly env?: EnvSettings;
  readonly overlays?: readonly OverlaySettings[];
  readonly skip?: Readonly<Record<string, string>>;
}

/** The settings of a recipe, with their types checked while they are written. */
export function defineRecipe(settings: RecipeSettings): RecipeSettings {
  return settings;
}
