/** Room for images, volumes and results, and memory: the gates before a build, as doctor shows them. */
import { humanBytes } from "../../base/bytes.ts";
import { buildBytes, type HostMemory, memoryShort } from "../../housekeeping/memory.ts";
import { makeRoom, type Place, shortOf } from "../../housekeeping/room.ts";
import { type Row, row } from "./row.ts";

export function judgeDisk(place: Place): Row {
  const name = `disk: ${place.what}`;
  const { free, path } = place;
  if (free === null) return row(name, "unknown", `${path} can't be seen from here`);
  const inodes = free.inodesKnown ? `, ${free.inodes} inodes` : "";
  const found = `${humanBytes(free.bytes)}${inodes} free at ${path}, ${humanBytes(place.wantBytes)} wanted`;
  const short = shortOf(place);
  return short === null ? row(name, "ok", found) : row(name, "missing", found, `${short}: ${makeRoom}`);
}

/** @param host null where the kernel does not tell. @param reserve what stays for the host, bytes */
export function judgeMemory(host: HostMemory | null, reserve: number): Row {
  const name = "memory";
  if (host === null) return row(name, "unknown", "the kernel does not say how much is available: no build waits for memory");
  const { available } = host;
  const found = `${humanBytes(available)} available, ${humanBytes(reserve)} kept for the host (reserveMemory)`;
  const short = memoryShort({ available, reserve, wanted: buildBytes });
  return short === null ? row(name, "ok", found) : row(name, "missing", found, "a build would wait: run fewer at once, or lower reserveMemory in host.json");
}
