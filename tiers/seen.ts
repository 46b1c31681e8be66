/** What is seen of a live app, in plain data: for every test, whatever its tier. */

/** One task of a service, as Swarm tells it. */
export interface TaskState {
  readonly id: string;
  /** Slot number, or node id for a global service. */
  readonly slot: string;
  /** Swarm's own word: running, starting, complete, failed ... */
  readonly state: string;
  readonly desired: string;
  /** Image of the task's spec, as it stands there: `nginx:1.27@sha256:...`. */
  readonly image: string;
  readonly container: string | null;
  /** Why it ended or does not start, in Swarm's words. */
  readonly error: string | null;
}

/** One service at one moment. */
export interface ServiceState {
  /** The compose file's name for it: `db`, not `stack_db`. */
  readonly name: string;
  /** Version.Index of the service object: moves with every update, labels included. */
  readonly specVersion: number;
  /** Fingerprint of what its tasks are made of and how they run; without the image, and without what abra writes with every deploy. */
  readonly spec: string;
  /** Image of the running spec, as it stands there: `nginx:1.27@sha256:...`. */
  readonly image: string;
  /** Labels of the service (compose `deploy.labels`), abra's included. */
  readonly labels: Readonly<Record<string, string>>;
  /** Tasks wanted; for a global service one a node. */
  readonly desired: number;
  /** Its tasks may complete and stay so: restart condition none, or on-failure, or a job; or comes back by a long delay, a schedule. */
  readonly oneShot: boolean;
  readonly update: { readonly state: string; readonly startedAt: string } | null;
  /** Every task that Swarm still knows, ended ones included. */
  readonly tasks: readonly TaskState[];
}

/** What a working front page is: by the recipe's settings, or for any recipe. */
export interface FrontPage {
  readonly path: string;
  /** Status codes that it may have. */
  readonly codes: readonly number[];
  /** Text that it has to contain. */
  readonly text: string | null;
  /** Whether redirects on the app's own domain are followed; else a redirect is the answer that is wanted. */
  readonly follow: boolean;
}

/** What the build planted in the app, in two halves that say the same, and what became of it. */
export interface WitnessSeen {
  /** `a file in wp-content of volume wordpress`. */
  readonly what: string;
  /** What both halves say as long as nobody alters them. */
  readonly wanted: string;
  /** What they say now; null where they are gone. */
  readonly first: string | null;
  readonly second: string | null;
  /** Why nobody could look; null where somebody did. */
  readonly trouble: string | null;
}
