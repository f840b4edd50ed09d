import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorCatalogue, ErrorEntry } from '@roundhouse/core';

/** One code and the folder that declares it. */
export interface DeclaredError extends ErrorEntry {
  readonly code: string;
  /** From the root of the checkout, e.g. `packages/net/src`. */
  readonly folder: string;
}

/** Where catalogues stand: a package declares its codes in a file of this name. */
const CATALOGUE_FILES = '{packages,apps}/*/src/**/errors.ts';
/** Test instruments are no part of the product. */
const DEVELOPMENT_ONLY = join('packages', 'testing');

/** Every code of every catalogue, in alphabetical order. Throws when a code is declared twice. */
export async function readCatalogues(root: string): Promise<readonly DeclaredError[]> {
  const errors = new Map<string, DeclaredError>();
  const files = globSync(CATALOGUE_FILES, { cwd: root }).filter((file) => !file.startsWith(DEVELOPMENT_ONLY));
  for (const file of files.toSorted()) {
    const folder = dirname(file);
    const exports = (await import(pathToFileURL(join(root, file)).href)) as Readonly<Record<string, unknown>>;
    for (const catalogue of Object.values(exports).flatMap(catalogueOf)) {
      for (const [code, entry] of Object.entries(catalogue)) {
        const other = errors.get(code);
        if (other !== undefined) throw new Error(`${code} is declared in ${other.folder} and in ${folder}`);
        errors.set(code, { code, folder, ...entry });
      }
    }
  }
  return [...errors.values()].toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

/** The catalogue of an error factory. */
function catalogueOf(exported: unknown): ErrorCatalogue[] {
  return typeof exported === 'function' && 'catalogue' in exported ? [exported.catalogue as ErrorCatalogue] : [];
}
