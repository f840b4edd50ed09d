import { apiError } from '@roundhouse/api';
import { coreError, type ErrorCatalogue } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { serverError } from '@roundhouse/server';
import { tn3270Error } from '@roundhouse/tn3270';
import { hostError } from '@roundhouse/tn3270/host';
import { describe, expect, it } from 'vitest';
import { cliError } from './errors.ts';
import { terminalError } from './terminal/errors.ts';

const CATALOGUES: Readonly<Record<string, ErrorCatalogue>> = {
  core: coreError.catalogue,
  net: netError.catalogue,
  tn3270: tn3270Error.catalogue,
  host: hostError.catalogue,
  api: apiError.catalogue,
  server: serverError.catalogue,
  cli: cliError.catalogue,
  terminal: terminalError.catalogue,
};

const ENTRIES = Object.entries(CATALOGUES).flatMap(([owner, catalogue]) =>
  Object.entries(catalogue).map(([code, entry]) => ({ owner, code, entry })),
);

describe('the error catalogues', () => {
  it('declare each code once', () => {
    const owners = Map.groupBy(ENTRIES, ({ code }) => code);
    const twice = [...owners]
      .filter(([, entries]) => entries.length > 1)
      .map(([code, entries]) => [code, entries.map((each) => each.owner)]);
    expect(twice).toEqual([]);
  });

  it.each(ENTRIES)('$owner $code has a message, a next step and a status', ({ code, entry }) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/);
    expect(entry.message).not.toMatch(/[.\s]$/);
    expect(entry.hint).toMatch(/.{10,}/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
  });
});
