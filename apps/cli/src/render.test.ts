import { describe, expect, it } from 'vitest';
import { cliError } from './errors.ts';
import { table, writeError } from './render.ts';

describe('what people read', () => {
  it('cannot be steered by what hosts and servers send', () => {
    expect(table(['A'], [['x\u001b[2Jy\u009bz']])).toBe('A\nx·[2Jy·z\n');
    let text = '';
    writeError(
      cliError('TOKEN_MISSING', { details: { url: 'a\u001b]0;b' } }),
      { write: (part) => (text += part) },
      false,
    );
    expect(text).not.toContain('\u001b');
  });

  it('is aligned in columns', () => {
    expect(
      table(
        ['ID', 'STATE'],
        [
          ['long-name', 'x'],
          ['s', 'yy'],
        ],
      ),
    ).toBe('ID         STATE\nlong-name  x\ns          yy\n');
  });
});
