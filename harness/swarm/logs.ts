import type Docker from "dockerode";
import { splitLines } from "../base/command.ts";
import { bounded, statusOf } from "./bounded.ts";

export interface LogLine {
  readonly stream: "stdout" | "stderr";
  /** Without the line end; RFC 3339 time in front where asked for. */
  readonly text: string;
}

export interface LogOptions {
  /** How many of the last lines; 50 by default. */
  readonly tail?: number;
  /** Puts the time in front of each line. */
  readonly timestamps?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface LogSource {
  readonly kind: "task" | "service" | "container";
  /** An id, or for services and containers a name. */
  readonly id: string;
}

/**
 * The last lines that a task, a service (all its tasks) or a container wrote.
 * What is gone already has no lines: Swarm removes a failed task's container with its log.
 * @throws EngineTimeout after `timeoutMs` (10 s by default), or the engine's error
 */
export async function lastLogs(docker: Docker, source: LogSource, options: LogOptions = {}): Promise<LogLine[]> {
  const tail = options.tail ?? 50;
  const query = { follow: false, stdout: true, stderr: true, tail, timestamps: options.timestamps ?? false } as const;
  const what = `the last ${tail} log lines of ${source.kind} ${source.id}`;
  try {
    const raw: unknown = await bounded(what, request(docker, source, query), options.timeoutMs ?? 10_000, options.signal);
    // Services answer with the last lines of each task, so the sum can be more than was asked for.
    return linesOf(await asBuffer(raw)).slice(-tail);
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw error;
  }
}

/** The last lines of all of a service's tasks, as text. @throws like lastLogs */
export async function serviceLogs(docker: Docker, service: string, options: LogOptions = {}): Promise<string[]> {
  return (await lastLogs(docker, { kind: "service", id: service }, options)).map((line) => line.text);
}

type LogQuery = { readonly follow: false; readonly stdout: true; readonly stderr: true; readonly tail: number; readonly timestamps: boolean };

function request(docker: Docker, source: LogSource, query: LogQuery): Promise<unknown> {
  switch (source.kind) {
    case "container":
      return docker.getContainer(source.id).logs({ ...query });
    case "service":
      return docker.getService(source.id).logs({ ...query });
    case "task":
      // There in dockerode, missing in its types.
      return (docker.getTask(source.id) as unknown as Pick<Docker.Service, "logs">).logs({ ...query });
  }
}

/** dockerode's answer is a Buffer, a string or a stream, by version and call. */
async function asBuffer(raw: unknown): Promise<Buffer> {
  if (Buffer.isBuffer(raw)) return raw;
  if (typeof raw === "string") return Buffer.from(raw, "latin1");
  const chunks: Buffer[] = [];
  for await (const chunk of raw as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Splits the engine's log answer into lines: framed where the container has no terminal, plain where it has one. */
export function linesOf(raw: Buffer): LogLine[] {
  const lines: LogLine[] = [];
  const reader = (stream: LogLine["stream"]) => splitLines((text) => lines.push({ stream, text }));
  const readers = { stdout: reader("stdout"), stderr: reader("stderr") };
  for (const frame of framesOf(raw)) readers[frame.stream](frame.data);
  for (const stream of ["stdout", "stderr"] as const) readers[stream].end();
  return lines;
}

interface Frame {
  readonly stream: LogLine["stream"];
  readonly data: Buffer;
}

/** Docker's frames: one byte for the stream, three zeros, four bytes of length, the data. */
function framesOf(raw: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < raw.length; ) {
    const stream = raw[at];
    const framed = at + 8 <= raw.length && stream !== undefined && stream <= 2 && raw.readUIntBE(at + 1, 3) === 0;
    if (!framed) return [...frames, { stream: "stdout", data: raw.subarray(at) }];
    const end = at + 8 + raw.readUInt32BE(at + 4);
    frames.push({ stream: stream === 2 ? "stderr" : "stdout", data: raw.subarray(at + 8, end) });
    at = end;
  }
  return frames;
}
