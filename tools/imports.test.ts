import { describe, expect, it } from 'vitest';
import { importsOf } from './imports.ts';

describe('importsOf', () => {
  it('finds every form of import, with its line and kind', () => {
    const source = [
      "import 'a';",
      "import b from 'b';",
      'import {',
      '  type C,',
      '  c,',
      "} from 'c';",
      "import type { D } from 'd';",
      "import * as e from 'e';",
      "export * from './f.ts';",
      "export { g } from './g.ts';",
      "export type { H } from './h.ts';",
      "const i = lazy('name', await import('i'));",
      'import x, { y } from "j";',
    ].join('\n');
    expect(importsOf(source)).toEqual([
      { specifier: 'a', line: 1, kind: 'static' },
      { specifier: 'b', line: 2, kind: 'static' },
      { specifier: 'c', line: 3, kind: 'static' },
      { specifier: 'd', line: 7, kind: 'type' },
      { specifier: 'e', line: 8, kind: 'static' },
      { specifier: './f.ts', line: 9, kind: 'static' },
      { specifier: './g.ts', line: 10, kind: 'static' },
      { specifier: './h.ts', line: 11, kind: 'type' },
      { specifier: 'i', line: 12, kind: 'dynamic' },
      { specifier: 'j', line: 13, kind: 'static' },
    ]);
  });

  it('takes neither comments nor other exports for imports', () => {
    const source = [
      '/**',
      " * import { x } from 'example';",
      " * await import('example')",
      ' */',
      "// const x = import('example');",
      `const text = "import('example')";`,
      "export const names = ['from'];",
      "export type Name = 'from' | 'to';",
      "export function from(): string { return 'x'; }",
    ].join('\n');
    expect(importsOf(source)).toEqual([]);
  });
});
