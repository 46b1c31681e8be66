import { expect, test } from "vitest";
import { bytesIn, humanBytes, memoryIn } from "../../../harness/base/bytes.ts";

test.each([
  [0, "0 bytes"], [999, "999 bytes"], [1000, "1 kB"], [999_499, "999 kB"], [999_500, "1 MB"], [12_300_000, "12 MB"], [999_600_000, "1.0 GB"], [1_440_000_000, "1.4 GB"], [999_960_000_000, "1.0 TB"],
])("%d bytes are %s", (bytes, words) => {
  expect(humanBytes(bytes)).toBe(words);
});

test.each<[string, number | null]>([
  ["20 GB", 20e9], ["1.5 GiB", 1.5 * 1024 ** 3], ["512MiB", 512 * 1024 ** 2], ["0 B", 0], ["7kb", 7000],
  ["20", null], ["GB", null], ["-1 GB", null], ["1 PB", null], ["1e9 B", null], ["", null], ["1 GB of it", null], ["1.2345 GB", null],
])("%j is %d", (text, bytes) => {
  expect(bytesIn(text)).toBe(bytes);
});

test.each<[unknown, number | null]>([
  ["512M", 512 * 1024 ** 2], ["1.5g", 1.5 * 1024 ** 3], ["64mb", 64 * 1024 ** 2], ["2GiB", 2 * 1024 ** 3], ["300", 300], [300, 300], ["10k", 10_240], ["5b", 5],
  ["", null], ["lots", null], [null, null], [undefined, null], [{}, null], ["-5M", null],
])("compose's %j is %d", (value, bytes) => {
  expect(memoryIn(value)).toBe(bytes);
});
