import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDependencies } from './dependencies.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'roundhouse-dependencies-'));
  write('package.json', JSON.stringify({ name: 'roundhouse', devDependencies: { vitest: '1.0.0' } }));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A package with its manifest and sources by path. */
function define(folder: string, dependencies: readonly string[], sources: Readonly<Record<string, string>>): void {
  const manifest = {
    name: `@roundhouse/${folder.split('/').at(-1)}`,
    exports: { '.': './src/index.ts' },
    dependencies: Object.fromEntries(dependencies.map((name) => [name, '0.1.0'])),
  };
  write(`${folder}/package.json`, JSON.stringify(manifest));
  for (const [path, text] of Object.entries(sources)) write(`${folder}/${path}`, text);
}

function whats(): string[] {
  return checkDependencies(root).map(({ where, what }) => `${where} ${what}`);
}

describe('the dependency rule', () => {
  it('lets a package know what lies below', () => {
    define('packages/core', [], { 'src/index.ts': "import { x } from 'node:fs';\n" });
    define('packages/net', ['@roundhouse/core'], { 'src/index.ts': "import { x } from '@roundhouse/core';\n" });
    expect(checkDependencies(root)).toEqual([]);
  });

  it('refuses to look up, and says what to do instead', () => {
    define('packages/core', ['@roundhouse/net'], { 'src/index.ts': "\nimport type { X } from '@roundhouse/net';\n" });
    define('packages/net', [], { 'src/index.ts': '' });
    expect(checkDependencies(root)).toEqual([
      {
        where: 'packages/core/src/index.ts:2',
        what: 'core (floor 1) may not look up to net (floor 3)',
        instead: expect.stringContaining('interface'),
      },
    ]);
  });

  it('keeps sessions and workers apart', () => {
    define('packages/sessions', ['@roundhouse/workers'], { 'src/a.ts': "import '@roundhouse/workers';\n" });
    define('packages/workers', [], { 'src/index.ts': '' });
    expect(whats()).toEqual(['packages/sessions/src/a.ts:1 sessions may not know workers']);
  });

  it('asks for a floor', () => {
    define('packages/novelty', [], { 'src/index.ts': '' });
    expect(whats()).toEqual(['packages/novelty/package.json novelty stands on no floor']);
  });

  it('refuses deep imports, by name or by path', () => {
    define('packages/core', [], { 'src/index.ts': '', 'src/clock.ts': '' });
    define('packages/net', ['@roundhouse/core'], {
      'src/a.ts': "import { x } from '@roundhouse/core/src/clock.ts';\n",
      'src/b.ts': "import { x } from '../../core/src/clock.ts';\n",
    });
    expect(whats()).toEqual([
      'packages/net/src/a.ts:1 imports @roundhouse/core/src/clock.ts, which core does not export',
      'packages/net/src/b.ts:1 reaches into packages/core/src/clock.ts',
    ]);
  });

  it('asks for a declaration of each import', () => {
    define('packages/net', [], {
      'src/a.ts': "import { z } from 'zod/mini';\nimport { readFile } from 'fs/promises';\n",
      'src/a.test.ts': "import { it } from 'vitest';\nimport { z } from 'zod';\n",
    });
    expect(whats()).toEqual([
      'packages/net/src/a.test.ts:2 imports zod, which packages/net/package.json does not declare',
      'packages/net/src/a.ts:1 imports zod, which packages/net/package.json does not declare',
      'packages/net/src/a.ts:2 names the built-in module fs',
    ]);
  });

  it('asks for a reason of each dependency from outside', () => {
    define('packages/api', ['zod', '@roundhouse/core'], {});
    expect(whats()).toEqual(['packages/api/package.json depends on zod without a reason']);
    write('docs/dependencies.md', 'zod is named here.\n\n| zod   | 4.0.0 | schemas |\n');
    expect(whats()).toEqual([]);
  });

  it('leaves testing to tests and to the bench', () => {
    define('packages/testing', [], { 'src/index.ts': '' });
    define('packages/net', [], {
      'src/a.ts': "import '@roundhouse/testing';\n",
      'src/a.test.ts': "import '@roundhouse/testing';\n",
    });
    define('bench', ['@roundhouse/testing'], { 'src/index.ts': "import '@roundhouse/testing';\n" });
    expect(whats()).toEqual([
      'packages/net/src/a.ts:1 imports @roundhouse/testing, which packages/net/package.json does not declare',
    ]);
    define('packages/net', ['@roundhouse/testing'], {});
    expect(whats()).toEqual(['packages/net/src/a.ts:1 imports @roundhouse/testing outside of a test']);
  });

  it('lets the command line load packages lazily alone', () => {
    define('apps/server', [], { 'src/index.ts': '' });
    define('packages/api', [], { 'src/index.ts': '' });
    define('apps/cli', ['@roundhouse/server', '@roundhouse/api'], {
      'src/main.ts': "import '@roundhouse/api';\nimport './eager.ts';\nconst run = () => import('./lazy.ts');\n",
      'src/eager.ts': "import '@roundhouse/server';\nimport type { S } from '@roundhouse/server';\n",
      'src/lazy.ts': "import '@roundhouse/server';\nimport './below.ts';\n",
      'src/below.ts': "import '@roundhouse/server';\n",
    });
    expect(whats()).toEqual(['apps/cli/src/eager.ts:1 cli knows the server through api and core alone, not server']);
  });
});

describe('the folders of tn3270', () => {
  const tn3270 = (sources: Readonly<Record<string, string>>): void => {
    define('packages/net', [], { 'src/index.ts': '' });
    define('packages/tn3270', ['@roundhouse/net'], sources);
  };

  it.each([
    ['keyboard', 'screen'],
    ['screen', 'datastream'],
    ['datastream', 'codepage'],
    ['terminal', 'keyboard'],
    ['terminal', 'nvt'],
    ['session', 'telnet'],
    ['host', 'telnet'],
  ])('%s may know %s, not the other way round', (upper, lower) => {
    tn3270({
      [`src/${upper}/a.ts`]: `import { b } from '../${lower}/b.ts';\n`,
      [`src/${lower}/c.ts`]: `import { a } from '../${upper}/a.ts';\n`,
    });
    expect(whats()).toEqual([expect.stringContaining(`src/${lower}/c.ts:1 ${lower}/ may not know ${upper}/`)]);
  });

  it('terminal may not know telnet, not even its types', () => {
    tn3270({ 'src/terminal/a.ts': "import type { T } from '../telnet/b.ts';\n" });
    expect(whats()).toHaveLength(1);
  });

  it('may name the types of the pure folders, but not those of the edge', () => {
    tn3270({
      'src/datastream/a.ts': "import type { S } from '../screen/screen.ts';\n",
      'src/telnet/a.ts': "import type { S } from '../session/session.ts';\n",
    });
    expect(whats()).toEqual([expect.stringContaining('src/telnet/a.ts:1 telnet/ may not know session/')]);
  });

  it('only session and host may touch net', () => {
    tn3270({
      'src/session/a.ts': "import '@roundhouse/net';\n",
      'src/telnet/a.ts': "import '@roundhouse/net';\n",
      'src/a.ts': "import '@roundhouse/net';\n",
    });
    expect(whats()).toEqual([
      'packages/tn3270/src/a.ts:1 only session/ and host/ of tn3270 may touch net',
      'packages/tn3270/src/telnet/a.ts:1 only session/ and host/ of tn3270 may touch net',
    ]);
  });

  it('asks for the place of a new folder', () => {
    tn3270({ 'src/printer/a.ts': "import '../screen/b.ts';\n" });
    expect(whats()).toEqual(['packages/tn3270/src/printer/a.ts:1 printer/ has no place inside tn3270']);
  });

  it('lets tests arrange what they need', () => {
    tn3270({ 'src/screen/a.test.ts': "import '../terminal/b.ts';\n" });
    expect(whats()).toEqual([]);
  });
});
