import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { declarationsOf } from './docs/declarations.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-declarations-'));
  mkdirSync(join(folder, 'inner'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the declarations of a module', () => {
  it('are what it exports, from wherever, with the names that it gives', () => {
    write('inner/a.ts', 'export const one = 1;\nexport type Two = 2;\nconst hidden = 3;\n');
    write('b.ts', 'export const three = 3;\nexport interface Four {\n  readonly four: number;\n}\n');
    const index = write(
      'index.ts',
      "export { one as uno, type Two } from './inner/a.ts';\nexport type * from './b.ts';\n",
    );
    expect(declarationsOf(index).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'constant uno',
      'type Two',
      'interface Four',
    ]);
  });

  it('have the comment right before them, its example as code', () => {
    const path = write(
      'a.ts',
      '/** Of something else. */\n\nconst x = 1;\n/**\n * Adds.\n * Raises X.\n *\n * @example\n * add(1, 2);\n */\nexport function add(a: number, b: number): number {\n  return a + b + x;\n}\nexport const bare = 1;\n',
    );
    expect(declarationsOf(path)).toEqual([
      {
        name: 'add',
        kind: 'function',
        doc: 'Adds.\nRaises X.\n\n```ts\nadd(1, 2);\n```',
        signature: 'function add(a: number, b: number): number',
      },
      { name: 'bare', kind: 'constant', doc: '', signature: 'const bare = 1' },
    ]);
  });

  it('show of a class what is public, and nothing that it does', () => {
    const path = write(
      'a.ts',
      'export class Counter {\n  readonly start: number = 1;\n  #n = 0;\n  /** Adds. */\n  add(by = 1): number {\n    return (this.#n += by);\n  }\n  #hidden(): void {}\n}\n',
    );
    expect(declarationsOf(path)[0]?.signature).toBe(
      'class Counter {\n  readonly start: number;\n  /** Adds. */\n  add(by = 1): number;\n}',
    );
  });

  it('are an error where a module exports what is not there', () => {
    write('a.ts', 'export const one = 1;\n');
    const index = write('index.ts', "export { two } from './a.ts';\n");
    expect(() => declarationsOf(index)).toThrow('exports two');
  });
});
