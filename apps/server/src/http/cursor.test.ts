import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursors, type CursorScope } from './cursor.ts';

const cursors = createCursors(Buffer.alloc(32, 7));
const sessions: CursorScope = { list: 'listSessions' };
const refused = expect.objectContaining({ code: 'CURSOR_INVALID', status: 422 });

describe('a cursor', () => {
  it('gives back the place it was made from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (place) => {
        expect(cursors.read(sessions, cursors.write(sessions, place))).toBe(place);
      }),
    );
    expect(cursors.readNumber(sessions, cursors.write(sessions, '4711'))).toBe(4711);
  });

  it('is as long as it says', () => {
    expect(cursors.write(sessions, 'x'.repeat(64))).toHaveLength(Math.ceil((64 * 4) / 3) + 22);
  });

  it('is good for one list, its filters and one installation alone', () => {
    const scope: CursorScope = { list: 'listSessions', filters: { state: 'idle', user: 'joe', q: undefined } };
    const cursor = cursors.write(scope, 'ses_1');
    expect(cursors.read({ list: 'listSessions', filters: { user: 'joe', state: 'idle' } }, cursor)).toBe('ses_1');
    const others: CursorScope[] = [
      { ...scope, list: 'listEndpoints' },
      { list: 'listSessions' },
      { ...scope, filters: { state: 'idle' } },
      { ...scope, filters: { state: 'idle', user: 'jo', q: 'e' } },
    ];
    for (const other of others) expect(() => cursors.read(other, cursor)).toThrow(refused);
    expect(() => createCursors(Buffer.alloc(32, 8)).read(scope, cursor)).toThrow(refused);
  });

  it('is refused when one bit of it differs', () => {
    const bytes = Buffer.from(cursors.write(sessions, 'ses_1'), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => cursors.read(sessions, changed.toString('base64url'))).toThrow(refused);
    }
  });

  it.each(['', 'x', 'AQ', '%00', 'a b', '…', 'czozMg', 'A'.repeat(5_000)])(
    'that nobody gave is refused: %s',
    (cursor) => {
      expect(() => cursors.read(sessions, cursor)).toThrow(refused);
    },
  );

  it('asked for a number refuses another place', () => {
    for (const place of ['ses_1', '-1', '1.5', '', '1e3', '9'.repeat(16)]) {
      expect(() => cursors.readNumber(sessions, cursors.write(sessions, place))).toThrow(refused);
    }
  });
});
