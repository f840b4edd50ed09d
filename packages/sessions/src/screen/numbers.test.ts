import { FakeClock, FakeSession } from '@roundhouse/testing';
import { COLOR, FIELD_ATTRIBUTE, FOREGROUND_SHIFT } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { restoreScreen, takeSnapshot } from '../snapshot/snapshot.ts';
import { serializeSnapshot } from '../snapshot/serialize.ts';
import { NumberMask, numbersOn } from './numbers.ts';
import { cellTexts, screenText } from './text.ts';
import { renderScreen } from './view.ts';

// Of the numbers that networks and 20 CFR publish for tests.
const CARD = '4111111111111111';
const SSN = '078-05-1120';

/** What is shown where numbers are masked, rows without the blanks at their ends. */
function rowsOf(session: FakeSession): string[] {
  const shown = { id: 'ses_1', version: session.screen.version };
  return renderScreen(shown, session, 'text', numbersOn(session))
    .body.split('\n')
    .map((row) => row.trimEnd());
}

describe('numbers on a screen', () => {
  it('are masked in every format, and nothing around them moves', () => {
    const session = new FakeSession();
    session.hostSetsField(2, 1, FIELD_ATTRIBUTE.Protected);
    session.hostWrites(2, 2, `CARD ${CARD} SSN ${SSN} OK`);
    session.hostSetsField(3, 1, 0);
    const shown = { id: 'ses_1', version: session.screen.version };
    const hidden = numbersOn(session);
    for (const format of ['json', 'text', 'html'] as const) {
      const { body } = renderScreen(shown, session, format, hidden);
      expect(body).toContain('CARD ************1111 SSN ***-**-**** OK');
      expect(renderScreen(shown, session, format).body).toContain(CARD);
      expect(body).not.toContain('11111');
    }
    const cells = (masked: boolean): string => renderScreen(shown, session, 'cells', masked ? hidden : undefined).body;
    expect(cells(false)).toContain('f4 f1 f1 f1');
    expect(cells(true)).toContain(
      `40 ${'.. '.repeat(12)}f1 f1 f1 f1 40 e2 e2 d5 40 .. .. .. 60 .. .. 60 .. .. .. .. 40`,
    );
  });

  it('are found in the value of a field, over the ends of rows and of the buffer', () => {
    const session = new FakeSession();
    session.hostSetsField(24, 70, 0);
    session.hostWrites(24, 75, CARD.slice(0, 6));
    session.hostWrites(1, 1, `${CARD.slice(6)}`);
    session.hostSetsField(1, 20, 0);
    session.hostWrites(4, 70, `SSN ${SSN.slice(0, 7)}`);
    session.hostWrites(5, 1, SSN.slice(7));
    const rows = rowsOf(session);
    expect([rows[23]?.slice(74), rows[0], rows[3]?.slice(69), rows[4]]).toEqual([
      '******',
      '******1111',
      'SSN ***-**-',
      '****',
    ]);
    const { fields } = JSON.parse(
      renderScreen({ id: 'ses_1', version: 1 }, session, 'json', numbersOn(session)).body,
    ) as { fields: Array<{ value: string }> };
    expect(fields.map(({ value }) => value).join()).toMatch(/\*{12}1111/);
  });

  it('are found on a screen without fields, over the end of a row too', () => {
    const session = new FakeSession();
    session.hostWrites(1, 70, CARD);
    session.hostWrites(3, 1, SSN);
    expect(rowsOf(session).slice(0, 3)).toEqual([`${' '.repeat(69)}***********`, '*1111', '***-**-****']);
  });

  it('are found at the end of a row that the next one would make another number of', () => {
    const session = new FakeSession();
    session.hostWrites(1, 65, CARD);
    session.hostWrites(2, 1, '7000 ROWS');
    expect(rowsOf(session)[0]).toBe(`${' '.repeat(64)}************1111`);
  });

  it.each([
    [['4111', '1111', '1111', '1111'], '****'],
    [['3782', '822463', '10005'], '****'],
    [['078', '05', '1120'], '***'],
    [['078', '-', '05', '-', '1120'], '***'],
  ])('are found where each of the groups %j has a field', (groups, first) => {
    const session = new FakeSession();
    let column = 1;
    for (const group of [...groups, '']) {
      session.hostSetsField(2, column, 0);
      if (group !== '') session.hostWrites(2, column + 1, group);
      column += group.length + 1;
    }
    const row = rowsOf(session)[1] ?? '';
    expect(row.trimStart().startsWith(`${first} `)).toBe(true);
    expect(row.replace(/\D/g, '').length).toBeLessThanOrEqual(4);
  });

  it('are not made of amounts that stand side by side in fields of their own', () => {
    const session = new FakeSession();
    // Together they would pass the check of Luhn.
    ['41111111', '11111111'].forEach((amount, index) => {
      session.hostSetsField(2, 1 + index * 9, 0);
      session.hostWrites(2, 2 + index * 9, amount);
    });
    expect(rowsOf(session)[1]).toBe(' 41111111 11111111');
  });

  it('are found among characters of every colour and plane, and on an NVT screen', () => {
    const session = new FakeSession();
    session.hostWrites(1, 1, CARD);
    session.screen.cells[3] = (session.screen.cells[3] as number) | (COLOR.Red << FOREGROUND_SHIFT);
    [...`ж ${SSN} 😀`].forEach((character, at) =>
      session.screen.setUnicode(160 + at, character.codePointAt(0) as number, 0),
    );
    session.screen.changed(false);
    const rows = rowsOf(session);
    expect([rows[0], rows[2]]).toEqual(['************1111', 'ж ***-**-**** 😀']);
  });

  it('of hidden fields add nothing to what is hidden already', () => {
    const session = new FakeSession();
    session.hostSetsField(1, 1, FIELD_ATTRIBUTE.Nondisplay);
    session.hostWrites(1, 2, CARD);
    expect(numbersOn(session).size).toBe(0);
  });

  it('have asterisks in snapshots, in every plane, which are as good as any', () => {
    const session = new FakeSession();
    session.hostWrites(1, 1, CARD);
    [...SSN].forEach((character, at) => session.screen.setUnicode(80 + at, character.codePointAt(0) as number, 0));
    session.screen.changed(false);
    const snapshot = takeSnapshot(session, { clock: new FakeClock(), starred: numbersOn(session) });
    const text = screenText(cellTexts(restoreScreen(snapshot), session.codePage), 80);
    expect(
      text
        .split('\n')
        .map((row) => row.trimEnd())
        .slice(0, 2),
    ).toEqual(['************1111', '***-**-****']);
    expect(JSON.parse(serializeSnapshot(snapshot))).toMatchObject({ format: 'roundhouse-snapshot' });
    expect(screenText(cellTexts(session.screen, session.codePage), 80)).toContain(CARD);
  });
});

describe('NumberMask', () => {
  it('looks once for each version', () => {
    const session = new FakeSession();
    session.hostWrites(1, 1, CARD);
    const mask = new NumberMask();
    const first = mask.hidden(session, 1);
    expect(mask.hidden(session, 1)).toBe(first);
    expect(first.size).toBe(12);
    session.hostWrites(1, 1, 'X'.repeat(16));
    expect(mask.hidden(session, 2).size).toBe(0);
  });
});
