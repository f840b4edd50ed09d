import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

/** What connects to a peer, or takes connections. */
const CONNECTS = /^(connect|serve)[A-Z]|^create\w+(Client|Resolver)$|^eventSource$/;

const here = import.meta.dirname;

function contractTests(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.contract.test.ts'))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
}

describe('every module of the package is held to the contract of clients or servers', async () => {
  const tests = contractTests(here);
  const modules = Object.entries(packageJson.exports).map(([path, { source }]) => ({ path, source }));

  const found: [string, string][] = [];
  for (const { path, source } of modules) {
    const exported = (await import(join(here, '..', source))) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(exported)) {
      if (typeof value === 'function' && CONNECTS.test(name)) found.push([path, name]);
    }
  }

  it('finds them', () => {
    expect(found).toContainEqual(['./http', 'serveHttp']);
    expect(found).toContainEqual(['./smtp', 'connectSmtp']);
    expect(found.length).toBeGreaterThanOrEqual(11);
  });

  it.each(found)('%s %s', (_path, name) => {
    // Beside its import it has to be used.
    const uses = tests.filter((source) => (source.match(new RegExp(`\\b${name}\\b`, 'g')) ?? []).length >= 2);
    expect(uses, `no *.contract.test.ts uses ${name}`).not.toEqual([]);
  });
});
