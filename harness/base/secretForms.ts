/** Shorter values are left alone: they stand in ordinary text by chance, so that hiding them garbles it and hides nothing. */
export const shortestSecret = 6;
/** Of a value of several lines, a key for one, each line is hidden by itself too: logs come line by line. */
const shortestLine = 12;

/**
 * How a value may stand in a text that is read as it is: plain, and base64 in both alphabets, by itself or anywhere within a
 * longer encoded text. What other encodings make of a value is undone by reading the text in other ways: readings.ts.
 */
export function secretForms(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim()).filter((line) => line.length >= shortestLine && !line.startsWith("-----"));
  const values = [value, value.trim(), ...(value.trim().includes("\n") ? lines : [])].filter((one) => one.length >= shortestSecret);
  return [...new Set(values.flatMap((one) => [one, utf8(one), ...base64Forms(one)]))];
}

/** One character a byte, as percent-encoding spells a text. */
function utf8(value: string): string {
  return Buffer.from(value).toString("latin1");
}

function base64Forms(value: string): string[] {
  const alone = Buffer.from(value).toString("base64").replace(/=+$/, "");
  return [alone, within(value, 0), within(value, 1), within(value, 2)].flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

/** The characters that a value alone decides where it begins `offset` bytes behind a group of three. */
function within(value: string, offset: 0 | 1 | 2): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
  const first = [0, 2, 3][offset];
  return bytes.toString("base64").slice(first, Math.floor((bytes.length * 8) / 6));
}
