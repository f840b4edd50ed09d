import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followCursor, oiaPlace, ORIGIN } from './viewport.ts';

const MODEL_4 = { rows: 43, columns: 80 };

describe('oiaPlace', () => {
  it.each([
    [44, 'own row'],
    [43, 'over the screen'],
    [42, 'own row'],
    [2, 'own row'],
    [1, 'over the screen'],
  ])('in a window of %i rows for a screen of 43: %s', (rows, place) => {
    expect(oiaPlace({ rows, columns: 80 }, MODEL_4)).toBe(place);
  });
});

describe('followCursor', () => {
  it('shows the whole screen where there is room', () => {
    expect(followCursor({ top: 5, left: 7 }, { rows: 60, columns: 200 }, MODEL_4, { row: 42, column: 79 })).toEqual({
      top: 0,
      left: 0,
      ...MODEL_4,
    });
  });

  it('moves only as far as the cursor makes it', () => {
    const window = { rows: 11, columns: 40 };
    const down = followCursor(ORIGIN, window, MODEL_4, { row: 10, column: 40 });
    expect(down).toEqual({ top: 1, left: 1, rows: 10, columns: 40 });
    expect(followCursor(down, window, MODEL_4, { row: 5, column: 20 })).toEqual(down);
    expect(followCursor(down, window, MODEL_4, { row: 0, column: 0 })).toMatchObject(ORIGIN);
  });

  it('always contains the cursor and lies within the screen', () => {
    const size = fc.record({ rows: fc.integer({ min: 1, max: 70 }), columns: fc.integer({ min: 1, max: 140 }) });
    const place = fc.record({ top: fc.nat(100), left: fc.nat(200) });
    fc.assert(
      fc.property(size, size, place, fc.nat(), fc.nat(), (window, screen, previous, row, column) => {
        const cursor = { row: row % screen.rows, column: column % screen.columns };
        const { top, left, rows, columns } = followCursor(previous, window, screen, cursor);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(top + rows).toBeLessThanOrEqual(screen.rows);
        expect(left + columns).toBeLessThanOrEqual(screen.columns);
        expect(cursor.row >= top && cursor.row < top + rows).toBe(true);
        expect(cursor.column >= left && cursor.column < left + columns).toBe(true);
      }),
    );
  });
});
