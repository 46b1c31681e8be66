/** One JSON value a line, in both directions. */

/** Bytes, where nobody says less. */
const longestLine = 64 * 1024 * 1024;

/**
 * Turns chunks into the lines that they hold, byte by byte safe for characters split between chunks.
 * @throws where a line has more than `longest` bytes
 */
export function lineReader(onLine: (line: string) => void, longest: number = longestLine): (chunk: Uint8Array) => void {
  let parts: Uint8Array[] = [];
  let held = 0;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...parts, chunk.subarray(start, end)]).toString("utf8");
      parts = [];
      held = 0;
      start = end + 1;
      if (line.trim() !== "") onLine(line);
    }
    const rest = chunk.subarray(start);
    held += rest.length;
    if (held > longest) throw new Error(`a message over ${longest} bytes`);
    if (rest.length > 0) parts.push(rest);
  };
}

/** The line that says `message`. */
export function lineOf(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}
