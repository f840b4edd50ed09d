import { describe, expect, it } from 'vitest';
import { checksum, type Migration, pendingMigrations } from './migration.ts';

const first: Migration = { name: '0001-a', sql: 'CREATE TABLE a (x)' };
const second: Migration = { name: '0002-b', sql: 'CREATE TABLE b (x)' };
const done = (migration: Migration) => ({ name: migration.name, checksum: checksum(migration) });

describe('pendingMigrations', () => {
  it.each([
    ['an empty database', [], [first, second]],
    ['one behind', [done(first)], [second]],
    ['one that is there', [done(first), done(second)], []],
  ])('of %s', (_title, applied, expected) => {
    expect(pendingMigrations([first, second], applied)).toEqual(expected);
  });

  it.each([
    ['that is ahead', [done(first), done(second)], 'STORE_SCHEMA_NEWER'],
    ['whose step has another text', [{ name: first.name, checksum: checksum(second) }], 'STORE_SCHEMA_DIFFERS'],
    ['whose step has another name', [{ ...done(first), name: '0001-z' }], 'STORE_SCHEMA_DIFFERS'],
  ])('refuses a database %s', (_title, applied, code) => {
    expect(() => pendingMigrations([first], applied)).toThrow(expect.objectContaining({ code }));
  });
});
