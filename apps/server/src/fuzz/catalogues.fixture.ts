import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorCatalogue } from '@roundhouse/core';

/** Of the checkout. */
const ROOT = join(import.meta.dirname, '../../../..');

/** The catalogues of all packages and of this app, by the folder that declares them. */
export async function readCatalogues(): Promise<ReadonlyMap<string, ErrorCatalogue>> {
  const files = globSync('{packages,apps}/*/src/**/errors.ts', { cwd: ROOT });
  const found = await Promise.all(
    files.map(async (file) => {
      const exports = Object.values((await import(pathToFileURL(join(ROOT, file)).href)) as Record<string, unknown>);
      const catalogues = exports.flatMap((each) =>
        typeof each === 'function' && 'catalogue' in each ? [each.catalogue as ErrorCatalogue] : [],
      );
      return [file.slice(0, -'/errors.ts'.length), Object.assign({}, ...catalogues) as ErrorCatalogue] as const;
    }),
  );
  return new Map(found);
}
