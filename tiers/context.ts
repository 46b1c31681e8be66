/**
 * What a test knows about the live app: plain data, made by the build, the same for every test of one tier.
 * What needs Docker is asked over the socket instead (rpc/protocol.ts).
 */
import type { Label, RestoreExpectations, UpgradeExpectations } from "./changed.ts";
import type { HookExpectations } from "./hooks/step.ts";
import type { ScenarioExpectations } from "./scenarios.ts";
import type { FrontPage, ServiceState } from "./seen.ts";

export type { HeadService, Label, RestoreExpectations, UpgradeExpectations } from "./changed.ts";
export type { HookExpectations, HookStep } from "./hooks/step.ts";
export type { FrontPage, ServiceState, TaskState, WitnessSeen } from "./seen.ts";

/** Where a visitor's request goes. SNI and Host carry the app's domain, so no DNS is needed. */
export interface EdgeAddress {
  readonly address: string;
  readonly httpsPort: number;
  readonly httpPort: number;
  /** What signs the right certificate: this CA (PEM), or a publicly trusted one. */
  readonly trust: { readonly ca: string } | "public";
}

export interface RecipeVersion {
  /** The version tag; for head the version label of compose.yml, null where it has none. */
  readonly version: string | null;
  readonly commit: string;
}

export interface InstallExpectations {
  readonly tier: "install";
  /** The label on `app` that says which commit runs. */
  readonly commitLabel: Label;
  /** What a working front page is; null where nothing is routed to the app and no visitor can come. */
  readonly page: FrontPage | null;
  /** The services at the moment when the app had settled. */
  readonly settled: readonly ServiceState[];
}

/** Something that the backup bot was to take, and what of it is in the snapshot. */
export interface Captured {
  /** `wp-content of volume wordpress`. */
  readonly what: string;
  /** Entries of the snapshot at or below it, folders included, witnesses not. */
  readonly entries: number;
  /** Of its files together. */
  readonly bytes: number;
  /** Nothing in it has to hold anything: a witness shows that the folder was taken, and neither a hook nor a dump was to fill it. */
  readonly mayBeEmpty: boolean;
}

/** A dump of the snapshot, brought here to be read. */
export interface Dump {
  /** Where it lies in the snapshot. */
  readonly path: string;
  /** Its bytes, on this machine; null where there are too many. */
  readonly file: string | null;
  readonly bytes: number;
  /** A label names this very path; others only look like dumps. */
  readonly named: boolean;
}

/** A database server among the services. */
export interface Database {
  readonly service: string;
  readonly engine: "postgres" | "mysql";
  /** Its data itself is taken, as the files lie there: a dump is then no must. */
  readonly raw: boolean;
}

export interface BackupExpectations {
  readonly tier: "backup";
  /** What abra's `app backup create` came to: its exit code 0 proves nothing. */
  readonly created: { readonly ok: boolean; readonly said: string };
  /** This run's new snapshots of the app, oldest first. */
  readonly snapshots: readonly { readonly id: string; readonly at: string }[];
  readonly captured: readonly Captured[];
  readonly dumps: readonly Dump[];
  /** Files that hold a witness each, and whether the snapshot has them. */
  readonly markers: readonly { readonly what: string; readonly inSnapshot: boolean }[];
  /** Rows that a dump must hold: what they say. */
  readonly rows: readonly { readonly what: string; readonly wanted: string }[];
  readonly databases: readonly Database[];
}

/** The recipe's own tests bring all that they need to know. */
export interface OtherExpectations {
  readonly tier: "custom";
}

export interface OwnExtraExpectations {
  readonly tier: "extra";
  readonly scenario: null;
}

export type Expectations = InstallExpectations | UpgradeExpectations | BackupExpectations | RestoreExpectations | HookExpectations | OtherExpectations | OwnExtraExpectations | ScenarioExpectations;

/** One deployed recipe. */
export interface AppContext {
  readonly domain: string;
  /** `https://<domain>` without a slash at the end. */
  readonly url: string;
  readonly stack: string;
  /** The commit that is deployed. */
  readonly head: RecipeVersion;
  /** Its env file, secrets are not in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly services: readonly { readonly name: string; readonly replicas: number; readonly image: string }[];
}

export interface TierContext extends AppContext {
  readonly edge: EdgeAddress;
  readonly recipe: { readonly name: string; readonly variant: string | null };
  /** The version that was upgraded from; null on a fresh installation. */
  readonly base: RecipeVersion | null;
  /** The recipes that this one needs, by the name that its settings give them; none before its own tests. */
  readonly needs: Readonly<Record<string, AppContext>>;
  readonly expect: Expectations;
  /** Tests that the recipe's settings leave out, each with its reason. */
  readonly skip: Readonly<Record<string, string>>;
}

/** What the runner hands to vitest: the context and where the build answers. */
export interface Provided {
  readonly context: TierContext;
  readonly socketPath: string;
  /** Where workers write which test runs (runner/setup.ts). */
  readonly tracePath: string;
  /** Why there is no browser where these tests run, in words; null: one is looked for. */
  readonly noBrowser: string | null;
}

declare module "vitest" {
  interface ProvidedContext {
    "recipe-ci": Provided;
  }
}
