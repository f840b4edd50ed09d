import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ErrorCatalogue } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { allErrors } from './catalogues.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
/** Test instruments are no part of the product. */
const FILES = globSync('{packages,apps}/*/src/**/errors.ts', { cwd: ROOT })
  .filter((file) => !file.startsWith(join('packages', 'testing')))
  .sort();

const ERRORS = await allErrors();
const CODES = new Set(ERRORS.map(({ code }) => code));

async function codesOf(file: string): Promise<string[]> {
  const exported = (await import(pathToFileURL(join(ROOT, file)).href)) as Readonly<Record<string, unknown>>;
  return Object.values(exported).flatMap((each) =>
    typeof each === 'function' && 'catalogue' in each ? Object.keys(each.catalogue as ErrorCatalogue) : [],
  );
}

describe('the error catalogues', () => {
  it.each(FILES)('has all of %s', async (file) => {
    expect((await codesOf(file)).filter((code) => !CODES.has(code))).toEqual([]);
  });

  it('declare each code once', () => {
    const seen = ERRORS.map(({ code }) => code);
    expect(seen.filter((code, index) => seen[index - 1] === code)).toEqual([]);
  });

  it.each(ERRORS)('$code has a message, a next step and a status', ({ code, message, hint, status }) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/);
    expect(message).not.toMatch(/[.\s]$/);
    expect(hint).toMatch(/.{10,}/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  });
});
