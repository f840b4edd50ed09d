import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CaseSuite } from '@roundhouse/testing';

const PACKAGE = new URL('../../packages/protocols/', import.meta.url);

/** The folder of the records. */
export const RECORDS: URL = new URL('conformance/', PACKAGE);

/** A suite and the module that has it, from the root of the checkout. */
export interface FoundSuite extends CaseSuite {
  readonly file: string;
}

/** The suites of the protocols: what modules named `….suite.fixture.ts` export as `SUITES`. In the order of their names. */
export async function findSuites(): Promise<readonly FoundSuite[]> {
  const files = globSync('src/**/*.suite.fixture.ts', { cwd: fileURLToPath(PACKAGE) });
  const found = await Promise.all(
    files.map(async (file) => {
      const { SUITES } = (await import(new URL(file, PACKAGE).href)) as { readonly SUITES: readonly CaseSuite[] };
      return SUITES.map((suite) => ({ ...suite, file: `packages/protocols/${file}` }));
    }),
  );
  return found.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
