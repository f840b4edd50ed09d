import type { IndexCase, MakeBed } from './compliance/case.fixture.ts';
import { makingCases } from './compliance/making.fixture.ts';
import { queryCases } from './compliance/queries.fixture.ts';

/** What every index does, whatever it is kept in. */
export function indexCompliance(make: MakeBed, { runs = 12 }: { readonly runs?: number } = {}): readonly IndexCase[] {
  return [...queryCases(make, runs), ...makingCases(make)];
}
