import { screenSchema, type ScreenView } from '@roundhouse/api';
import { FakeSession } from '@roundhouse/testing';
import {
  CELL_CHARSET,
  CHARSET_SHIFT,
  COLOR,
  FIELD_ATTRIBUTE,
  FOREGROUND_SHIFT,
  HIGHLIGHT_SHIFT,
  type SessionOptions,
} from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { renderScreen, ScreenJsonCache } from './view.ts';

function shown(session: FakeSession): { id: string; version: number } {
  return { id: 'ses_1', version: session.screen.version };
}

function view(session: FakeSession): ScreenView {
  return screenSchema.parse(JSON.parse(renderScreen(shown(session), session, 'json').body));
}

function rowsOf(session: FakeSession): string[] {
  return view(session).screen_data.split('\n');
}

function fake(options: Pick<SessionOptions, 'model' | 'codePage'> = {}): FakeSession {
  return new FakeSession(options);
}

describe('the screen as JSON', () => {
  it('has full rows, nulls and attributes as blanks', () => {
    const session = fake();
    session.hostWrites(2, 3, 'AB"\\');
    session.hostSetsField(2, 10, 0);
    const rows = rowsOf(session);
    expect(rows).toHaveLength(24);
    expect(rows[0]).toBe(' '.repeat(80));
    expect(rows[1]).toBe('  AB"\\'.padEnd(80));
  });

  it('of an unformatted buffer has no fields', () => {
    expect(view(fake())).toMatchObject({ formatted: false, fields: [], cursor_position: { row: 1, column: 1 } });
  });

  it('tells of a field what its attribute says', () => {
    const session = fake();
    const bits =
      FIELD_ATTRIBUTE.Protected | FIELD_ATTRIBUTE.Numeric | FIELD_ATTRIBUTE.Intensified | FIELD_ATTRIBUTE.Modified;
    session.hostSetsField(3, 1, bits, (COLOR.Turquoise << FOREGROUND_SHIFT) | (2 << HIGHLIGHT_SHIFT));
    session.hostWrites(3, 2, 'TOTAL  ');
    session.hostSetsField(3, 10, 0);
    expect(view(session).fields[0]).toEqual({
      row: 3,
      column: 2,
      length: 8,
      value: 'TOTAL',
      protected: true,
      numeric: true,
      hidden: false,
      intensified: true,
      modified: true,
      color: 'turquoise',
      highlight: 'reverse',
    });
  });

  it('follows a field over the end of the buffer', () => {
    const session = fake();
    session.hostSetsField(24, 79, 0);
    session.hostWrites(24, 80, 'A');
    session.hostWrites(1, 1, 'BC');
    session.hostSetsField(1, 4, FIELD_ATTRIBUTE.Protected);
    expect(view(session).fields.at(-1)).toMatchObject({ row: 24, column: 80, length: 4, value: 'ABC' });
  });

  it('puts the first data cell of a field in the last position at the top', () => {
    const session = fake();
    session.hostSetsField(24, 80, 0);
    expect(view(session).fields).toMatchObject([{ row: 1, column: 1, length: 1919 }]);
  });

  it('has fields without any data cell', () => {
    const session = fake();
    session.hostSetsField(1, 1, 0);
    session.hostSetsField(1, 2, 0);
    expect(view(session).fields[0]).toMatchObject({ row: 1, column: 2, length: 0, value: '' });
  });

  it('masks a hidden field that reaches over the end of the buffer', () => {
    const session = fake();
    session.hostSetsField(24, 70, FIELD_ATTRIBUTE.Nondisplay);
    session.hostWrites(24, 71, 'SECRET');
    session.hostWrites(1, 1, 'TAIL');
    session.hostSetsField(1, 10, 0);
    for (const format of ['json', 'text', 'html'] as const) {
      expect(renderScreen(shown(session), session, format).body).not.toMatch(/SECRET|TAIL/);
    }
    const { cells } = JSON.parse(renderScreen(shown(session), session, 'cells').body) as { cells: string[] };
    expect(cells[0]).toMatch(/^\.\. \.\. \.\. \.\. 00 /);
    expect(cells[23]).toMatch(/SF\(c0=cc\) \.\. \.\. \.\. \.\. \.\. \.\. 00 00 00 00$/);
  });

  it('shows APL characters, DUP and FIELD MARK as a display does', () => {
    const session = fake();
    session.screen.cells[0] = 0xad | (CELL_CHARSET.Apl << CHARSET_SHIFT);
    session.screen.cells[1] = 0xc5 | (CELL_CHARSET.Escape << CHARSET_SHIFT);
    session.screen.cells[2] = 0x1c;
    session.screen.cells[3] = 0x1e;
    session.screen.changed(false);
    expect(rowsOf(session)[0]?.slice(0, 4)).toBe('[┌*;');
  });

  it('reads through the code page of the session', () => {
    const german = fake({ codePage: '273' });
    german.hostWrites(1, 1, 'Ä');
    const american = fake({ codePage: '037' });
    american.screen.cells.set(german.screen.cells);
    american.screen.changed(false);
    expect([rowsOf(german)[0]?.[0], rowsOf(american)[0]?.[0]]).toEqual(['Ä', '¢']);
  });

  it('takes characters of an NVT session from their own plane', () => {
    const session = fake();
    session.screen.setUnicode(0, 'ж'.codePointAt(0) as number, 0);
    session.screen.changed(false);
    expect(rowsOf(session)[0]?.[0]).toBe('ж');
  });
});

describe('the screen as a page', () => {
  it('escapes what could be markup', () => {
    const session = fake();
    session.hostWrites(1, 1, '<script>&');
    const { body } = renderScreen(shown(session), session, 'html');
    expect(body).toContain('&lt;script&gt;&amp;');
    expect(body).not.toContain('<script');
  });

  it('shows the four kinds of field in four colours', () => {
    const session = fake();
    const { Protected, Intensified } = FIELD_ATTRIBUTE;
    [0, Intensified, Protected, Protected | Intensified].forEach((bits, index) => {
      session.hostSetsField(index + 1, 1, bits);
      session.hostWrites(index + 1, 2, `F${index}`);
    });
    const { body } = renderScreen(shown(session), session, 'html');
    expect([...body.matchAll(/<span class="(\w+)">F\d/g)].map((match) => match[1])).toEqual([
      'green',
      'red',
      'blue',
      'neutral_white',
    ]);
  });

  it('as text ends with a line feed', () => {
    expect(renderScreen({ id: 'ses_1', version: 1 }, fake(), 'text').body).toBe(`${`${' '.repeat(80)}\n`.repeat(24)}`);
  });
});

describe('ScreenJsonCache', () => {
  it('gives the same text until something changes, then what is new', () => {
    const session = fake();
    const cache = new ScreenJsonCache('ses_1');
    const first = cache.json(session, session.screen.version);
    expect(cache.json(session, session.screen.version)).toBe(first);
    session.hostWrites(1, 1, 'NEW');
    expect(cache.json(session, session.screen.version)).toContain('NEW');
    session.hostUnlocks();
    expect(cache.json(session, session.screen.version)).toContain('"keyboard_locked":false');
    session.hostCloses();
    expect(cache.json(session, session.screen.version)).toContain('"connection_state":"not-connected"');
  });
});
