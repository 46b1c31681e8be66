import type { Retention } from "../config/housekeeping.ts";
import type { ImageRecord } from "./imageRecords.ts";
import { dayMs, type Limit, type Thing } from "./retention.ts";

/** An image as the engine lists it, and who uses it. Plain data. */
export interface ListedImage {
  readonly id: string;
  readonly tags: readonly string[];
  readonly bytes: number;
  /** Of a container, running or not, or of a service. */
  readonly used: boolean;
  /** Has the label with which recipe-ci marks what it builds. */
  readonly built: boolean;
}

/** The disk under Docker's data. */
export interface DiskUse {
  readonly bytes: number;
  readonly total: number;
}

export interface ImagesKnown {
  readonly disk: DiskUse | null;
  readonly limits: Retention["images"];
  /** A run lives on this machine or on this engine's Swarm, or may. */
  readonly live: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Images as things that may go: only those of which recipe-ci wrote down that it pulled them where there was none of that name, or which
 * carry its label, and whose last use it knows. All others are somebody's, and not even listed.
 */
export function imageThings(records: readonly ImageRecord[], images: readonly ListedImage[], known: ImagesKnown): Thing[] {
  return records.flatMap((record): Thing[] => {
    const image = images.find(({ tags }) => tags.includes(record.ref));
    if (!image || !(record.pulled || image.built)) return [];
    return [{ id: record.ref, bytes: image.bytes, usedAt: record.usedAt, hold: holdOf(record, image, known) }];
  });
}

function holdOf(record: ImageRecord, image: ListedImage, { disk, limits, live, now }: ImagesKnown): string | null {
  if (record.image !== image.id) return "somebody else has put another image there since";
  if (image.used) return "a container or a service uses it";
  if (live) return "a run lives, or may";
  if (disk === null) return "nobody can see from here how full Docker's disk is";
  return now - record.usedAt <= limits.days * dayMs ? "it was used lately" : null;
}

/** What images may take, so that the disk gets below the threshold: all that they do where it is below already. */
export function imageLimit(things: readonly Thing[], disk: DiskUse | null, { diskUse }: Retention["images"]): Limit {
  const together = things.reduce((sum, { bytes }) => sum + bytes, 0);
  const over = disk === null ? 0 : Math.max(disk.bytes - (disk.total * diskUse) / 100, 0);
  // No images at all are more than a limit below zero.
  return { ageMs: Number.POSITIVE_INFINITY, bytes: together - over };
}
