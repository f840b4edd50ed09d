import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './docs/pages.ts';

/** Pages whose blocks of TypeScript are whole programs. */
const PAGES = ['docs/protocols/tuning.md', 'docs/protocols/moving.md'];

interface Block {
  /** `page:line` of its first line. */
  readonly place: string;
  readonly code: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ index, 1: code = '' }) => ({
    place: `${page}:${text.slice(0, index).split('\n').length + 1}`,
    code,
  }));
}

describe('blocks of TypeScript on pages', () => {
  const blocks = PAGES.flatMap(blocksOf);
  // Below node_modules nobody else looks, and names of packages are found from there.
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(ROOT, 'node_modules', '.doc-blocks-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are there', () => expect(blocks.length).toBeGreaterThanOrEqual(12));

  it('have the right types', () => {
    blocks.forEach(({ code }, index) => writeFileSync(join(folder, `block${index}.ts`), code));
    const compilerOptions = {
      composite: false,
      declaration: false,
      declarationMap: false,
      noEmit: true,
      noUnusedLocals: true,
    };
    const config = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { stdout, status } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    const told = stdout.replace(/^.*block(\d+)\.ts\((\d+),\d+\)/gm, (_all, index: string, line: string) => {
      const { place = '' } = blocks[Number(index)] ?? {};
      return place.replace(/\d+$/, (first) => String(Number(first) + Number(line) - 1));
    });
    expect([told, status]).toEqual(['', 0]);
  });
});

describe('metrics that a page names', () => {
  const names = PAGES.flatMap((page) => [
    ...readFileSync(join(ROOT, page), 'utf8').matchAll(/\broundhouse_[a-z_]+\b/g),
  ]).map(([name]) => name);
  const sources = globSync('{packages,apps}/*/src/**/*.ts', { cwd: ROOT })
    .filter((file) => !file.includes('.test.'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'));

  it.each([...new Set(names)])('%s is one', (name) => {
    expect(sources.some((source) => source.includes(`'${name}'`))).toBe(true);
  });
});
