import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { FindingError, UsageError } from "../base/errors.ts";
import { noLog } from "../base/log.ts";
import { Mask } from "../base/mask.ts";
import { runDir } from "../base/paths.ts";
import { orAbort, within } from "../base/wait.ts";
import { wordsOfResults } from "../../reports/words.ts";
import type { ImageResult, Results, Rung, Status, TargetFacts, TierName, TierResult, WatchFailure } from "../../reports/results.ts";
import type { Reason } from "../base/errors.ts";
import type { Finding } from "../recipe/lint/finding.ts";
import { noSettings, type Settings } from "../config/recipe.ts";
import { endingOf } from "./ending.ts";
import type { Emit } from "./events.ts";
import { explained } from "./explained.ts";
import { Interrupted } from "./interrupt.ts";
import { Journal } from "./journal.ts";
import { noTests, type RecipeTests } from "./tier/recipeTests.ts";
import type { BuildRequest } from "./request.ts";
import { Timeline } from "./timeline.ts";
import type { Ending } from "./verdict.ts";

/** What the build learned so far: each phase adds its part, the report is made of it. */
export interface Findings {
  recipe: Results["recipe"];
  target: TargetFacts | null;
  images: ImageResult[];
  tiers: TierResult[];
  /** Tiers that are skipped because the recipe's settings say so. */
  declaredSkips: TierName[];
  lint: Rung;
  /** What static checks found. */
  lintFindings: readonly Finding[];
  baseBroken: Reason | null;
  warnings: string[];
  watch: { restarts: Record<string, number>; failures: WatchFailure[]; decidedMs: number | null };
  teardown: Results["teardown"];
  artifacts: Results["artifacts"];
  /** What it means that artifacts hold secrets; null where none was found. */
  leak: Reason | null;
  ending: Ending | null;
  /** The phase that `ending` came from. */
  endedIn: string | null;
}

/** What an interrupted phase may take to end by itself, milliseconds; what hangs is left behind. */
const windDownMs = 5000;

/** What events and results are made of: a test that calls one of these words secret must not keep them from being read. */
export const ownWords: readonly string[] = [...wordsOfResults(), "warning", "waiting", "verdict", "phase-begin", "phase-end"];

/** One build: what was asked, where it is, what it found. Handed to every phase. */
export class Build {
  readonly id: string;
  readonly request: BuildRequest;
  readonly emit: Emit;
  /** Aborts with the reason when the build is to end early. */
  readonly signal: AbortSignal;
  readonly timeline = new Timeline();
  readonly mask = new Mask(ownWords);
  readonly journal: Journal;
  /** This run's folder on this machine: clone, journal, record. */
  readonly dir: string;
  readonly findings: Findings;
  /** Ends the build early, as an interrupt does, for this reason. */
  abort: (reason: Error) => void = () => {};
  /** How the recipe wants to be judged; known from fetch on. */
  settings: Settings = noSettings;
  /** Tests that were written for the recipe; known from fetch on. */
  tests: RecipeTests = noTests;
  /** Everything, for whoever has to find out later; opened by admit. */
  log = noLog;
  /** The topmost folder that admit made for the results; null where all were there. */
  madeOut: string | null = null;

  constructor(request: BuildRequest, emit: Emit, signal: AbortSignal, id: string = newRunId()) {
    this.id = id;
    this.request = request;
    this.emit = (event) => {
      const masked = this.mask.data(event);
      // Presentation never changes the verdict, nor keeps teardown from its work.
      try {
        this.log.info(masked, masked.type);
        emit(masked);
      } catch {}
    };
    for (const secret of [request.source, request.sourceBase ?? ""].flatMap(credentialsIn)) this.mask.add(secret);
    this.signal = signal;
    this.dir = runDir(id);
    this.journal = new Journal(join(this.dir, "journal.ndjson"));
    this.findings = nothingFound(request);
  }

  /**
   * Runs one phase of the story: timed, announced, and marked with how it ended. Errors pass through; an interrupt ends it even
   * where it hangs.
   */
  phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.closing(name, async () => {
      this.signal.throwIfAborted();
      const working = work();
      try {
        return await orAbort(working, this.signal);
      } catch (error) {
        // What was begun is best ended before teardown looks at it.
        await within(working, windDownMs).catch(() => {});
        throw error;
      }
    });
  }

  /** A phase that has to be done whatever happened before, and that no interrupt cuts short. */
  async closing<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.timeline.begin(name);
    this.emit({ type: "phase-begin", phase: name });
    try {
      const value = await work();
      this.#ended(this.findings.tiers.find((tier) => tier.name === name)?.status ?? "passed");
      return value;
    } catch (error) {
      this.findings.endedIn ??= name;
      this.#ended(statusOf(error));
      throw error;
    }
  }

  /** Takes down what ended the story. @throws UsageError: a request that is wrong has no verdict */
  endedBy(error: unknown): void {
    // Whatever an interrupt makes fail, the interrupt is why.
    const why: unknown = this.signal.aborted ? this.signal.reason : error;
    if (why instanceof UsageError) throw why;
    this.findings.ending = explained(endingOf(why), this.findings.endedIn, this.findings.lintFindings);
  }

  span<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.timeline.span(name, work);
  }

  note(line: string): void {
    this.emit({ type: "note", line });
  }

  /** A notice that stands in the results and does not change the verdict. */
  warn(line: string): void {
    const masked = this.mask.text(line);
    this.findings.warnings.push(masked);
    this.emit({ type: "warning", line: masked });
  }

  /** @param news more than a time in it changed since the last one */
  waiting(line: string, news = true): void {
    this.emit({ type: "waiting", phase: this.timeline.phase, line, news });
  }

  #ended(status: Status): void {
    const phase = this.timeline.end(status);
    this.emit({ type: "phase-end", phase: phase.name, status, durationMs: phase.durationMs });
  }
}

/** How a phase ended that threw. */
function statusOf(error: unknown): Status {
  if (error instanceof Interrupted) return "interrupted";
  return error instanceof FindingError && error.blame === "recipe" ? "failed" : "unverified";
}

/** What lets somebody in, of a URL that holds it: a password, or a token in a user's place. */
function credentialsIn(source: string): string[] {
  if (!/^https?:/.test(source) || !URL.canParse(source)) return [];
  const { username, password } = new URL(source);
  // A token stands in either place; as it stands in the URL, and as somebody typed it.
  return [username, password].flatMap((secret) => [secret, ...decoded(secret)]);
}

function decoded(text: string): string[] {
  try {
    return [decodeURIComponent(text)];
  } catch {
    return [];
  }
}

/** Time first, so that runs sort; random last, so that two at once never meet. */
function newRunId(): string {
  const stamp = new Date().toISOString().slice(2, 19).replace(/[-:]/g, "").replace("T", "-");
  return `${stamp}-${randomBytes(3).toString("hex")}`;
}

function nothingFound(request: BuildRequest): Findings {
  return {
    recipe: {
      name: request.source,
      variant: request.variant,
      ref: request.ref,
      commit: null,
      dirty: false,
      version: null,
      base: null,
      operatorMustAdd: { env: [], secrets: [] },
    },
    target: null,
    images: [],
    tiers: [],
    declaredSkips: [],
    lint: "unverified",
    lintFindings: [],
    baseBroken: null,
    warnings: [],
    watch: { restarts: {}, failures: [], decidedMs: null },
    teardown: { status: "clean", residue: [], durationMs: 0 },
    artifacts: [],
    leak: null,
    ending: null,
    endedIn: null,
  };
}
