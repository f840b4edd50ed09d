/** Where the records of the suites are; `tools/conformance.ts` writes them. */
export const RECORDS: URL = new URL('../conformance/', import.meta.url);
