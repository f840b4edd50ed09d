import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorCatalogue, ErrorEntry } from '@roundhouse/core';

/** A catalogue and the folder that declares it. */
export interface FoundCatalogue {
  /** From the root of the checkout, e.g. `packages/net/src`. */
  readonly folder: string;
  readonly catalogue: ErrorCatalogue;
}

export interface DeclaredError extends ErrorEntry {
  readonly code: string;
  readonly folder: string;
}

/** Where catalogues stand: a package declares its codes in a file of this name. */
const CATALOGUE_FILES = '{packages,apps}/*/src/**/errors.ts';
/** Test instruments are no part of the product. */
const DEVELOPMENT_ONLY = join('packages', 'testing');

/** The catalogues that the packages and apps export. */
export async function findCatalogues(root: string): Promise<readonly FoundCatalogue[]> {
  const files = globSync(CATALOGUE_FILES, { cwd: root }).filter((file) => !file.startsWith(DEVELOPMENT_ONLY));
  const found = await Promise.all(
    files.map(async (file) => {
      const exports = (await import(pathToFileURL(join(root, file)).href)) as Readonly<Record<string, unknown>>;
      const catalogues = Object.values(exports).flatMap(catalogueOf);
      return catalogues.map((catalogue) => ({ folder: dirname(file), catalogue }));
    }),
  );
  return found.flat();
}

/** All codes in alphabetical order. Throws when one is declared twice. */
export function collectErrors(catalogues: readonly FoundCatalogue[]): readonly DeclaredError[] {
  const errors = new Map<string, DeclaredError>();
  for (const { folder, catalogue } of catalogues) {
    for (const [code, entry] of Object.entries(catalogue)) {
      const other = errors.get(code);
      if (other !== undefined) throw new Error(`${code} is declared in ${other.folder} and in ${folder}`);
      errors.set(code, { code, folder, ...entry });
    }
  }
  return [...errors.values()].toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

/** The catalogue of an error factory. */
function catalogueOf(exported: unknown): ErrorCatalogue[] {
  return typeof exported === 'function' && 'catalogue' in exported ? [exported.catalogue as ErrorCatalogue] : [];
}
