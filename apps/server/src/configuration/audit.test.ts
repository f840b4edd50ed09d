import { describe, expect, it } from 'vitest';
import { conflicts } from './conflicts.ts';
import type { ConfigurationValue } from './definition.ts';
import { SECRETS } from './definition.ts';
import { masked } from './masked.ts';

const postgres = { type: 'postgres' } as const;
const url = 'postgres://roundhouse:hush@db.example.com/roundhouse';
const overwrite = { passes: 3 };

/** Where something contradicts something else. */
const faults = async (value: ConfigurationValue): Promise<readonly string[]> =>
  (await Promise.all(conflicts.map(async (check) => check(value))))
    .flatMap((found) => [...found])
    .map(({ path }) => path.join('.'));

describe('the audit in a configuration', () => {
  it.each<[ConfigurationValue, readonly string[]]>([
    [{ audit: { index: postgres } }, ['audit.index.type']],
    [{ audit: { index: postgres }, store: { url: 'sqlite:/x.db' } }, ['audit.index.type']],
    [{ audit: { index: postgres }, store: { url } }, []],
    [{ audit: { index: { ...postgres, url } } }, []],
    [{ audit: { index: { type: 'sqlite' } } }, []],
    [{ audit: { retention: { overwrite, attributes: true } } }, ['audit.retention.overwrite']],
    [{ audit: { retention: { overwrite } } }, []],
  ])('%j contradicts itself at %j', async (value, paths) => {
    expect(await faults(value)).toEqual(paths);
  });

  it('never shows where its index is', () => {
    expect(JSON.stringify(masked({ audit: { index: { ...postgres, url } } }, SECRETS))).not.toContain('hush');
  });
});
