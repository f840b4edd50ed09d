import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterCode, newlyOpened } from './openMailbox.ts';
import { type ImapResponse, type ImapValue, type ParserStep, ResponseParser } from './response.ts';
import { structureOf } from './structure.ts';
import { envelopeOf } from './envelope.ts';
import { messageOf } from './message.ts';
import { UnexpectedForm } from './value.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 1_000);

/** What stands on the wire, whole. */
function steps(wire: string | Uint8Array, parser = new ResponseParser()): ParserStep[] {
  const bytes = Buffer.from(wire as string, 'latin1');
  const all: ParserStep[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    const stop = end === -1 ? bytes.byteLength : end;
    const step = parser.line(bytes.subarray(at, stop));
    all.push(step);
    at = stop + 2;
    if (step.kind === 'violation') return all;
    if (step.kind !== 'literal') continue;
    if (at + step.bytes > bytes.byteLength) return all;
    parser.literal(bytes.subarray(at, at + step.bytes));
    at += step.bytes;
  }
  return all;
}

function response(wire: string): ImapResponse {
  const last = steps(wire).at(-1);
  if (last?.kind !== 'response') throw new Error(JSON.stringify(last));
  return last.response;
}

function values(wire: string): readonly unknown[] {
  const parsed = response(wire);
  return parsed.kind === 'data' ? parsed.values.map(shown) : [];
}

const shown = (value: ImapValue): unknown =>
  value instanceof Uint8Array
    ? `'${Buffer.from(value).toString('latin1')}'`
    : Array.isArray(value)
      ? value.map(shown)
      : value;

describe('responses', () => {
  it.each<[string, string, readonly unknown[]]>([
    ['RFC 9051 §6.3.9', '* LIST (\\Noselect) "/" ~/Mail/foo\r\n', [['\\Noselect'], "'/'", '~/Mail/foo']],
    ['RFC 9051 §7.3.1, a bracket in a name', '* LIST () NIL foo[bar]\r\n', [[], null, 'foo[bar]']],
    [
      'RFC 9051 §7.3.4',
      '* STATUS {4}\r\nblue (MESSAGES 231 UIDNEXT 44292)\r\n',
      ["'blue'", ['MESSAGES', '231', 'UIDNEXT', '44292']],
    ],
    ['RFC 4731 §3.1', '* ESEARCH (TAG "A285") UID ALL 43:49\r\n', [['TAG', "'A285'"], 'UID', 'ALL', '43:49']],
    ['RFC 3501 §7.2.5', '* SEARCH\r\n', []],
    ['RFC 9051 §4.3, escapes', '* X "a\\"b\\\\c" ""\r\n', [`'a"b\\c'`, "''"]],
    ['RFC 3516 §4.2', '* 1 FETCH (BINARY[1] ~{3}\r\na\0b)\r\n', [['BINARY[1]', "'a\0b'"]]],
    [
      'RFC 9051 §7.5.2, sections with lists and strings',
      '* 1 FETCH (BODY[HEADER.FIELDS ("Da]te" To)] {2}\r\n\r\n BODY[]<0> "x" BODY (NIL))\r\n',
      [['BODY[HEADER.FIELDS ("Da]te" To)]', "'\r\n'", 'BODY[]<0>', "'x'", 'BODY', [null]]],
    ],
  ])('are read as they are meant: %s', (_source, wire, expected) => {
    expect(values(wire)).toEqual(expected);
  });

  it.each<[string, Partial<ImapResponse>]>([
    ['* OK IMAP4rev1 ready', { status: 'OK', tag: '*', code: null, text: 'IMAP4rev1 ready' }],
    ['* PREAUTH hi', { status: 'PREAUTH' }],
    [
      'A1 NO [AUTHENTICATIONFAILED] no {5}',
      { tag: 'A1', code: { name: 'AUTHENTICATIONFAILED', text: '' }, text: 'no {5}' },
    ],
    [
      'a2 ok [copyuid 38505 304,319:320 3956:3958] Done',
      { status: 'OK', code: { name: 'COPYUID', text: '38505 304,319:320 3956:3958' } },
    ],
    ['* OK [BADCHARSET ("a]b" x)] y', { code: { name: 'BADCHARSET', text: '("a]b" x)' }, text: 'y' }],
    ['A3 OK', { status: 'OK', text: '' }],
    ['* NO [unclosed text', { code: null, text: '[unclosed text' }],
    ['+ idling', { kind: 'continue', text: 'idling' }],
    ['+', { kind: 'continue', text: '' }],
  ])('of a status are read as they are meant: %s', (line, expected) => {
    expect(response(`${line}\r\n`)).toMatchObject(expected);
  });

  it.each([
    ['', 'nothing'],
    ['HTTP/1.1 200 OK', 'another protocol'],
    ['* 1 FETCH (UID 5', 'a list that does not end'],
    ['* LIST ) x', 'a list that did not begin'],
    ['* X "abc', 'a string that does not end'],
    ['* X {5} y', 'a literal in the middle of a line'],
    ['* X {99999999999}', 'a literal of a size that nobody has'],
    ['* X {5+}', 'a literal as only clients announce it'],
    ['* 1 FETCH (BODY[HEADER x', 'a section that does not end'],
    [`* X ${'('.repeat(65)}`, 'lists nested too deep'],
  ])('that are none are refused: %s (%s)', (line) => {
    expect(new ResponseParser().line(Buffer.from(line))).toMatchObject({ kind: 'violation' });
  });

  it('are bounded in their parts', () => {
    const parser = new ResponseParser({ maxDepth: 2, maxValues: 3 });
    expect(parser.line(Buffer.from('* X a b c'))).toMatchObject({ kind: 'response' });
    expect(parser.line(Buffer.from('* X a b c d'))).toMatchObject({ kind: 'violation' });
    const long = Buffer.from(`* OK [${'x '.repeat(500_000)}] y`);
    expect(new ResponseParser().line(long)).toMatchObject({ kind: 'response' });
  });

  it('tell what a string belongs to before it comes', () => {
    const section = (line: string): unknown => steps(`${line}\r\n`)[0];
    expect(section('* 1 FETCH (UID 5 body[1.MIME] {10}')).toEqual({
      kind: 'literal',
      bytes: 10,
      section: 'BODY[1.MIME]',
    });
    // A name of a part that looks like a section is none.
    expect(section('* 1 FETCH (BODYSTRUCTURE (BODY[] {10}')).toMatchObject({ section: null });
    expect(section('* 1 FETCH (BODY[] "a" {10}')).toMatchObject({ section: null });
    expect(section('* LIST () "/" {10}')).toMatchObject({ section: null });
  });

  const value: fc.Memo<ImapValue> = fc.memo((depth) =>
    depth <= 1
      ? fc.oneof(
          fc.stringMatching(/^[A-Z0-9\\.:]{1,8}$/).filter((text) => text !== 'NIL'),
          fc.uint8Array({ maxLength: 12 }),
          fc.constant(null),
        )
      : fc.oneof(value(1), fc.array(value(depth - 1), { maxLength: 4 })),
  );
  const written = (one: ImapValue): string => {
    if (one === null) return 'NIL';
    if (typeof one === 'string') return one;
    if (!(one instanceof Uint8Array)) return `(${one.map(written).join(' ')})`;
    const text = Buffer.from(one).toString('latin1');
    return /^[ -~]{0,6}$/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `{${text.length}}\r\n${text}`;
  };

  it('come out as they were put on the wire', () => {
    const all = fc.array(value(3), { maxLength: 6 });
    fc.assert(
      fc.property(all, (given) => {
        const parsed = response(`* X${given.map((each) => ` ${written(each)}`).join('')}\r\n`);
        expect(parsed.kind === 'data' && parsed.values.map(shown)).toEqual(given.map(shown));
      }),
      { numRuns: CASES },
    );
  });

  it('of any values are understood, or said to be of another form', () => {
    fc.assert(
      fc.property(
        value(4),
        fc.constantFrom('UID', 'ENVELOPE', 'BODYSTRUCTURE', 'FLAGS', 'MODSEQ', 'INTERNALDATE'),
        (given, name) => {
          const attempts = [
            () => structureOf(given),
            () => envelopeOf(given),
            () => messageOf({ kind: 'data', name: 'FETCH', number: 1, values: [[name, given]] }),
          ];
          for (const attempt of attempts) {
            try {
              attempt();
            } catch (error) {
              expect(error).toBeInstanceOf(UnexpectedForm);
            }
          }
        },
      ),
      { numRuns: CASES },
    );
  });
});

describe('what is told of messages', () => {
  const first = (wire: string): ImapValue => {
    const parsed = response(`* X ${wire}\r\n`);
    return parsed.kind === 'data' ? (parsed.values[0] as ImapValue) : null;
  };

  it('an envelope (RFC 9051 §8), and the members of a group without its name', () => {
    const envelope = envelopeOf(
      first(
        '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) NIL NIL ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" NIL)("John Klensin" NIL "KLENSIN" "MIT.EDU")(NIL NIL NIL NIL)) NIL NIL "<B27397-0100000@cac.washington.ed>")',
      ),
    );
    expect(envelope).toMatchObject({
      subject: 'IMAP4rev2 WG mtg summary and minutes',
      from: [{ name: 'Terry Gray', address: 'gray@cac.washington.edu' }],
      sender: [],
      to: [{ name: null, address: 'imap@cac.washington.edu' }],
      cc: [{ name: 'John Klensin', address: 'KLENSIN@MIT.EDU' }],
      inReplyTo: null,
      messageId: '<B27397-0100000@cac.washington.ed>',
    });
  });

  it('a structure, with the sections of a message within (RFC 9051 §6.4.5.1)', () => {
    const text = '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3028 92)';
    const image = '("IMAGE" "GIF" NIL "<1@x>" NIL "BASE64" 12 NIL ("ATTACHMENT" ("FILENAME" "a.gif")) NIL NIL)';
    const envelope = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)';
    const within = `("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 ${envelope} (${text}${image} "MIXED") 7)`;
    const structure = structureOf(first(`(${text}${within}${image} "MIXED" ("BOUNDARY" "b") NIL NIL)`));
    expect(structure).toMatchObject({ section: '', type: 'multipart/mixed', parameters: { boundary: 'b' } });
    expect(structure.parts.map(({ section, type }) => `${section} ${type}`)).toEqual([
      '1 text/plain',
      '2 message/rfc822',
      '3 image/gif',
    ]);
    expect(structure.parts[1]?.parts[0]?.parts.map(({ section }) => section)).toEqual(['2.1', '2.2']);
    expect(structure.parts[2]).toMatchObject({ filename: 'a.gif', disposition: 'attachment', bytes: 12, id: '<1@x>' });
    const only = structureOf(first(`("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 ${envelope} ${text} 7)`));
    expect(only.parts[0]?.section).toBe('1.1');
  });

  it('codes about a mailbox, of which those that are none change nothing', () => {
    const mailbox = newlyOpened('INBOX', false);
    expect(afterCode(mailbox, { name: 'UIDVALIDITY', text: 'x' })).toBe(mailbox);
    expect(afterCode(mailbox, { name: 'ALERT', text: '' })).toBe(mailbox);
    expect(afterCode(mailbox, { name: 'HIGHESTMODSEQ', text: '9007199254740993' }).highestModSeq).toBe(
      9_007_199_254_740_993n,
    );
    expect(afterCode(mailbox, { name: 'PERMANENTFLAGS', text: '(\\Seen \\*)' }).permanentFlags).toEqual([
      '\\Seen',
      '\\*',
    ]);
  });
});
