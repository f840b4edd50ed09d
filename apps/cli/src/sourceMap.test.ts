import { SourceMap } from 'node:module';
import { describe, expect, it } from 'vitest';
import { sourcePlace } from './sourceMap.ts';

/** Two lines; the second names another source, goes back in it, and ends with what is from nowhere. */
const MAP = { sources: ['a.ts', 'b.ts'], mappings: 'AAAA,IAEC;ACAD,gBADA,C;;ADgBA' };

describe('a source map', () => {
  it('says of every place what the reader of Node.js does', () => {
    const reader = new SourceMap({
      version: 3,
      file: '',
      sourceRoot: '',
      names: [],
      ...MAP,
      sourcesContent: [],
    } as never);
    for (let line = 1; line <= 4; line++) {
      for (let column = 1; column <= 30; column++) {
        const entry = reader.findEntry(line - 1, column - 1);
        // It goes back to the lines before where a line says nothing; that is no place of this line.
        const isHere =
          'generatedLine' in entry && entry.generatedLine === line - 1 && entry.originalSource !== undefined;
        const expected = isHere ? { source: entry.originalSource, line: entry.originalLine + 1 } : undefined;
        expect(sourcePlace(MAP, line, column), `${line}:${column}`).toEqual(expected);
      }
    }
  });

  it('says nothing of lines that it does not have', () => {
    expect(sourcePlace(MAP, 9, 1)).toBeUndefined();
    expect(sourcePlace({ sources: [], mappings: '' }, 1, 1)).toBeUndefined();
  });

  it('ends with mappings that are none', () => {
    expect(sourcePlace({ sources: ['a.ts'], mappings: 'g' }, 1, 1)).toBeUndefined();
    expect(sourcePlace({ sources: ['a.ts'], mappings: '????' }, 1, 1)).toEqual({ source: 'a.ts', line: 1 });
  });
});
