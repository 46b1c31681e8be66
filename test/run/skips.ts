/** Tests that may be skipped, by full name (`file > suite > test`), each with its reason. Any other skip is a failure. */
export const allowedSkips: Readonly<Record<string, string>> = {};
