import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFlag, type CommandPart, stringPart } from './command.ts';
import { formatCriteria, formatDateTime, type ImapCriteria, parseDateTime } from './criteria.ts';
import { decodeMailboxName, encodeMailboxName } from './mailboxName.ts';
import { checkSection, formatFetchItems } from './message.ts';
import { copiedOf } from './uids.ts';
import { formatUidSet, parseUidSet } from './uidSet.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 1_000);
const MOST = 4_294_967_295;

const line = (parts: readonly CommandPart[]): string =>
  parts.map((part) => (typeof part === 'string' ? part : `{${part.bytes}}`)).join('');

const INVALID = expect.objectContaining({ code: 'NET_OPTION_INVALID' });

describe('names of mailboxes', () => {
  it.each([
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['A & B', 'A &- B'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['😀', '&2D3eAA-'],
  ])('have the form of RFC 3501 §5.1.3: %s', (name, encoded) => {
    expect(encodeMailboxName(name)).toBe(encoded);
    expect(decodeMailboxName(encoded)).toBe(name);
  });

  it.each(['&Jjo!', 'a&b', '&U,BTFw-&ZeVnLIqe-', '&AGE-', '&A-'])('that break it stay as they are: %s', (encoded) => {
    expect(decodeMailboxName(encoded)).toBe(encoded);
  });

  it('come back as they went, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => decodeMailboxName(encodeMailboxName(name)) === name),
      { numRuns: CASES },
    );
  });
});

describe('sets of UIDs', () => {
  it.each([
    [5, ['5']],
    [{ from: 5, to: '*' } as const, ['5:*']],
    [[], []],
    [[3, 1, 2, 2, 9, 7], ['1:3,7,9']],
  ])('are short: %j', (set, formatted) => {
    expect(formatUidSet(set)).toEqual(formatted);
  });

  it('that no line holds are cut, and none is lost', () => {
    const uids = Array.from({ length: 5_000 }, (_, at) => at * 2 + 1);
    const pieces = formatUidSet(uids);
    expect(pieces.length).toBeGreaterThan(1);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(4_100);
    expect(pieces.flatMap((piece) => parseUidSet(piece, 10_000))).toEqual(uids);
  });

  it.each([0, -1, 1.5, MOST + 1, NaN, '1 LOGOUT' as unknown as number])('have no UID %s', (uid) => {
    expect(() => formatUidSet([uid])).toThrow(INVALID);
    expect(() => formatUidSet({ from: uid, to: '*' })).toThrow(INVALID);
  });

  it('of a server are bounded: a range is short on the wire and long in memory', () => {
    expect(parseUidSet('5:3,9', 10)).toEqual([3, 4, 5, 9]);
    expect(parseUidSet(`1:${MOST}`, 1_000)).toBe(undefined);
    expect(parseUidSet('1,x', 10)).toBe(undefined);
    expect(copiedOf(`1 1:${MOST} 1:${MOST}`)).toBe(undefined);
    expect(copiedOf('38505 304,319:320 3956:3958')).toEqual({
      uidValidity: 38_505,
      from: [304, 319, 320],
      to: [3_956, 3_957, 3_958],
    });
  });
});

describe('criteria', () => {
  it.each<[ImapCriteria, string]>([
    [{}, 'ALL'],
    [{ isSeen: false, from: 'Smith' }, 'UNSEEN FROM "Smith"'],
    [{ since: '1994-02-01', not: { from: 'Smith' } }, 'SINCE 1-Feb-1994 NOT (FROM "Smith")'],
    [{ anyOf: [{ to: 'a' }, { cc: 'b', isFlagged: true }, {}] }, 'OR (TO "a") OR (CC "b" FLAGGED) (ALL)'],
    [{ header: ['X-"A', 'b\\'], largerThan: 7 }, 'HEADER "X-\\"A" "b\\\\" LARGER 7'],
    [{ subject: 'ü', keyword: '$Junk', uids: [1, 2] }, 'SUBJECT {2} KEYWORD $Junk UID 1:2'],
    [{ modSeqFrom: 620_162_338n }, 'MODSEQ 620162338'],
  ])('are written as RFC 9051 §6.4.4 has them: %#', (criteria, expected) => {
    expect(line(formatCriteria(criteria))).toBe(expected);
  });

  it.each<[string, unknown]>([
    ['a day that is none', { since: '2026-02-30' }],
    ['a day that is a command', { since: '1-Jan-2026\r\nA1 LOGOUT' }],
    ['a keyword with a space', { keyword: 'a b' }],
    ['a flag for a keyword', { keyword: '\\Seen' }],
    ['a size that is text', { largerThan: '1 ALL' }],
    ['a NUL', { text: 'a\0b' }],
    ['a criterion that does not exist', { ALL: '' }],
    ['what every object has', JSON.parse('{"__proto__": 1}')],
    ['one side of two', { anyOf: [{}] }],
    ['no UID', { uids: [] }],
    ['a value too large', { modSeqFrom: 2n ** 63n }],
  ])('are refused with %s', (_what, criteria) => {
    expect(() => formatCriteria(criteria as ImapCriteria)).toThrow(INVALID);
  });

  it('that are too deep are refused', () => {
    let deep: ImapCriteria = {};
    for (let depth = 0; depth < 40; depth++) deep = { not: deep };
    expect(() => formatCriteria(deep)).toThrow(INVALID);
  });

  it('of any text stay one line, and the text stays whole', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
        (text) => {
          const part = stringPart(text);
          if (typeof part !== 'string') {
            expect(Buffer.concat([...(part.chunks as Iterable<Uint8Array>)])).toEqual(Buffer.from(text));
            expect(part.bytes).toBe(Buffer.byteLength(text));
          } else {
            expect(part).toMatch(/^"(?:[^"\\\r\n]|\\["\\])*"$/);
            expect(part.slice(1, -1).replace(/\\(.)/g, '$1')).toBe(text);
          }
        },
      ),
      { numRuns: CASES },
    );
  });
});

describe('what stands in a command by itself', () => {
  it.each(['\\Seen', '$Junk', 'a-b', 'NonJunk'])('is a flag: %s', (flag) => {
    expect(checkFlag(flag)).toBe(flag);
  });

  it.each(['', 'a b', 'a)', '\\', '\\\\Seen', 'a"', 'ü', 'x\r\nA1 LOGOUT', '\\*', 'a{3}', '%', 'a]'])(
    'is no flag: %j',
    (flag) => {
      expect(() => checkFlag(flag)).toThrow(INVALID);
    },
  );

  it.each(['', '1', '1.2.3', '1.MIME', '2.HEADER', 'TEXT', 'HEADER'])('is a section: %j', (section) => {
    expect(checkSection(section)).toBe(section);
  });

  it.each(['0', '1.', 'MIME', '1]', '1.2 ', 'HEADER.FIELDS (X)', '1\r\n'])('is no section: %j', (section) => {
    expect(() => checkSection(section)).toThrow(INVALID);
  });

  it('is what is asked of messages', () => {
    const items = { flags: true, envelope: false, headers: ['To', 'X-A'], changedSince: 5n } as const;
    expect(formatFetchItems(items)).toBe('(UID FLAGS BODY.PEEK[HEADER.FIELDS (To X-A)] MODSEQ) (CHANGEDSINCE 5)');
    expect(() => formatFetchItems({ headers: ['a)] FLAGS'] })).toThrow(INVALID);
  });

  it('is a time (RFC 9051 §9, date-time)', () => {
    const date = new Date('1996-07-17T02:44:25.000Z');
    expect(formatDateTime(date)).toBe('"17-Jul-1996 02:44:25 +0000"');
    expect(parseDateTime('17-Jul-1996 02:44:25 -0700')).toEqual(new Date('1996-07-17T09:44:25Z'));
    expect(parseDateTime(' 7-jul-1996 02:44:25 +0000')).toEqual(new Date('1996-07-07T02:44:25Z'));
    expect(parseDateTime('31-Foo-1996 02:44:25 +0000')).toBe(null);
    expect(() => formatDateTime(new Date(NaN))).toThrow(INVALID);
  });
});
