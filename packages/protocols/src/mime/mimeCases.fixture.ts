/** Title, RFC and section, message, outcomes; and for some what ours does instead, with the reason. */
export type MimeCase = readonly [
  title: string,
  source: string,
  message: string,
  allowed: readonly string[],
  deviation?: { readonly outcome: string; readonly reason: string },
];

const lines = (...all: readonly string[]): string => all.join('\r\n');
const type = (value: string, ...body: readonly string[]): string => lines(`Content-Type: ${value}`, '', ...body);
const mixed = (...body: readonly string[]): string => type('multipart/mixed; boundary=x', ...body);
const subject = (text: string): string => `Subject: ${text}\r\n\r\n`;
const reads = (text: string): readonly string[] => [`subject ${JSON.stringify(text)}`];
const holds = (text: string): readonly string[] => [`text ${JSON.stringify(text)}`];
const encoded = (encoding: string, body: string): string =>
  lines('Content-Type: text/plain; charset=utf-8', `Content-Transfer-Encoding: ${encoding}`, '', body);
const file = (disposition: string, contentType = 'a/b'): string =>
  lines(`Content-Type: ${contentType}`, `Content-Disposition: ${disposition}`, '', 'x');
const named = (name: string, contentType = 'a/b'): readonly string[] => [
  `part ${contentType} ${JSON.stringify(name)} of 1 bytes`,
  `part ${contentType} ${JSON.stringify(name)} of 2 bytes`,
];

const PADDING =
  '`postal-mime` keeps blanks that transport put at the end of a line. No sender adds them since lines are no longer padded; a text shows more blanks than it had.';

const HEADERS: readonly MimeCase[] = [
  ['a header that is folded', '5322 §2.2.3', subject('a\r\n b'), reads('a b')],
  ['a header that is folded with a tab', '5322 §2.2.3', subject('a\r\n\tb'), reads('a\tb')],
  ['a header that begins on the next line', '5322 §2.2.3', subject('\r\n a'), reads('a')],
  [
    'a line of blanks alone in a header',
    '5322 §3.2.2',
    subject('a\r\n \r\n b'),
    [...reads('a b'), ...reads('a  b'), ...reads('a')],
  ],
  ['a header without a blank behind its colon', '5322 §2.2', 'Subject:a\r\n\r\n', reads('a')],
  ['a blank before the colon', '5322 §4.5', 'Subject : a\r\n\r\n', reads('a')],
  ['a name in other letters', '5322 §1.2.2', 'sUBJECT: a\r\n\r\n', reads('a')],
  ['a header without a colon between others', '5322 §2.2', 'Subject: a\r\nnothing\r\nX: b\r\n\r\n', reads('a')],
  ['a header twice: one of them', '5322 §3.6', 'Subject: a\r\nSubject: b\r\n\r\n', [...reads('a'), ...reads('b')]],
  [
    'a bare LF ends a header',
    '5322 §4',
    'Subject: a\nX: b\n\nc',
    ['subject "a"; text "c"', 'subject "a"; text "c\\n"'],
  ],
  [
    'a bare CR in a header is no line end',
    '5322 §2.2',
    'Subject: a\rBcc: b\r\n\r\n',
    [...reads('a\rBcc: b'), ...reads('a Bcc: b'), ...reads('aBcc: b'), ...reads('a\nBcc: b')],
  ],
  ['a NUL in a header', '5322 §4', subject('a\0b'), [...reads('a\0b'), ...reads('ab'), ...reads('a\ufffdb')]],
  ['no empty line behind the headers', '5322 §2.1', 'Subject: a', reads('a')],
  ['nothing', '5322 §2.1', '', ['nothing']],
  ['an empty line and a body', '5322 §2.1', '\r\na', ['text "a"', 'text "a\\n"']],
  ['10,000 headers', '5322 §2.1', `${'X: y\r\n'.repeat(10_000)}Subject: a\r\n\r\n`, reads('a')],
  ['more bytes of headers than the limit', '5322 §2.1.1', `${'X: y\r\n'.repeat(70_000)}\r\n`, ['MIME_LIMIT_EXCEEDED']],
  ['a header of 200,000 bytes', '5322 §2.1.1', subject('a'.repeat(200_000)), [`subject of 200000 characters`]],
  ['UTF-8 in a header', '6532 §3.2', subject('Gr\xc3\xbc\xc3\x9fe'), reads('Grüße')],
  [
    'UTF-8 in an address',
    '6532 §3.2',
    'From: \xc3\xa4 <\xc3\xb6@\xc3\xbc.example>\r\n\r\n',
    ['from "ä" <ö@ü.example>'],
  ],
  ['bytes in a header that are no UTF-8', '6532 §3.2', subject('a\xffb'), [...reads('a\ufffdb'), ...reads('aÿb')]],
];

const WORDS: readonly MimeCase[] = [
  ['Q', '2047 §4.2', subject('=?utf-8?Q?Gr=C3=BC=C3=9Fe?='), reads('Grüße')],
  ['Q with an underscore for a blank', '2047 §4.2', subject('=?utf-8?Q?a_b?='), reads('a b')],
  ['B', '2047 §4.1', subject('=?utf-8?B?4oKs?='), reads('€')],
  ['both in small letters', '2047 §2', subject('=?UTF-8?q?a?= =?utf-8?b?Yg==?='), reads('ab')],
  ['ISO 8859-1', '2047 §2', subject('=?iso-8859-1?Q?=FC?='), reads('ü')],
  ['a language', '2231 §5', subject('=?utf-8*de?Q?a?='), reads('a')],
  ['two words with a blank between', '2047 §6.2', subject('=?utf-8?Q?a?= =?utf-8?Q?b?='), reads('ab')],
  ['two words with a folded line between', '2047 §6.2', subject('=?utf-8?Q?a?=\r\n =?utf-8?Q?b?='), reads('ab')],
  ['a word and other text', '2047 §6.2', subject('=?utf-8?Q?a?= b'), reads('a b')],
  [
    'a character over two words, which may not be',
    '2047 §5',
    subject('=?utf-8?B?4oI=?= =?utf-8?B?rA==?='),
    [...reads('€'), ...reads('\ufffd\ufffd'), ...reads('�\ufffd')],
  ],
  [
    'a character set that nobody knows',
    '2047 §6.2',
    subject('=?x-none?Q?a?='),
    [...reads('a'), ...reads('=?x-none?Q?a?=')],
  ],
  ['a coding that nobody knows', '2047 §6.3', subject('=?utf-8?X?a?='), reads('=?utf-8?X?a?=')],
  ['a word that does not end', '2047 §2', subject('=?utf-8?Q?a'), reads('=?utf-8?Q?a')],
  ['a word with a blank in it', '2047 §2', subject('=?utf-8?Q?a b?='), [...reads('=?utf-8?Q?a b?='), ...reads('a b')]],
  ['an empty word', '2047 §2', subject('=?utf-8?Q??='), [...reads(''), ...reads('=?utf-8?Q??='), 'nothing']],
  ['B that is cut', '2047 §4.1', subject('=?utf-8?B?YQ?='), reads('a')],
  [
    'a word with a line end in it: one header',
    '2047 §5',
    'Subject: =?utf-8?Q?a=0D=0ABcc:_b?=\r\n\r\n',
    [...reads('a\r\nBcc: b'), ...reads('a Bcc: b'), ...reads('aBcc: b'), ...reads('a\nBcc: b')],
  ],
  ['a word as the name of somebody', '2047 §5', 'From: =?utf-8?Q?J=C3=BC?= <a@b>\r\n\r\n', ['from "Jü" <a@b>']],
  [
    'a word within quotes, where none is',
    '2047 §5',
    'From: "=?utf-8?Q?a?=" <a@b>\r\n\r\n',
    ['from "=?utf-8?Q?a?=" <a@b>', 'from "a" <a@b>'],
  ],
  [
    'a word with an address in it: it is a name',
    '2047 §5',
    'From: =?utf-8?Q?x@y=3E?= <a@b>\r\n\r\n',
    ['from "x@y>" <a@b>'],
  ],
];

const ADDRESSES: readonly MimeCase[] = [
  ['an address alone', '5322 §3.4', 'From: a@b\r\n\r\n', ['from "" <a@b>']],
  ['a name and an address', '5322 §3.4', 'From: A B <a@b>\r\n\r\n', ['from "A B" <a@b>']],
  ['a name in quotes with a comma', '5322 §3.4', 'From: "B, A" <a@b>\r\n\r\n', ['from "B, A" <a@b>']],
  ['a quotation mark in quotes', '5322 §3.2.4', 'From: "B \\"A" <a@b>\r\n\r\n', ['from "B \\"A" <a@b>']],
  ['a comment', '5322 §3.2.2', 'From: a@b (A)\r\n\r\n', ['from "A" <a@b>', 'from "" <a@b>']],
  ['an address in a comment', '5322 §3.2.2', 'From: (x@y) a@b\r\n\r\n', ['from "x@y" <a@b>', 'from "" <a@b>']],
  ['a name that is an address', '5322 §3.4', 'From: "x@y" <a@b>\r\n\r\n', ['from "x@y" <a@b>']],
  ['a group', '5322 §3.4', 'To: A: a@b, c@d;\r\n\r\n', ['to "" <a@b>, "" <c@d>']],
  ['an empty group', '5322 §3.4', 'To: A:;\r\n\r\n', ['nothing']],
  ['brackets that do not end', '5322 §3.4', 'From: A <a@b\r\n\r\n', ['from "A" <a@b>', 'from "" <a@b>', 'nothing']],
  [
    'two addresses in brackets',
    '5322 §3.4',
    'From: <a@b> <c@d>\r\n\r\n',
    ['from "" <a@b>', 'from "" <c@d>', 'from "a@b" <c@d>', 'from "c@d" <a@b>', 'from "<a@b>" <c@d>'],
  ],
];

const BODIES: readonly MimeCase[] = [
  ['base64', '2045 §6.8', encoded('base64', 'aGVs\r\nbG8='), holds('hello')],
  ['base64 with bytes that do not belong there', '2045 §6.8', encoded('base64', 'aG!Vs*bG8='), holds('hello')],
  ['base64 without its end', '2045 §6.8', encoded('base64', 'aGVsbG8'), holds('hello')],
  [
    'base64 that goes on behind its end',
    '2045 §6.8',
    encoded('base64', 'YQ==\r\nYg=='),
    [...holds('a'), ...holds('ab')],
  ],
  ['base64 of one character', '2045 §6.8', encoded('base64', 'a'), ['nothing', ...holds('')]],
  [
    'quoted-printable',
    '2045 §6.7',
    encoded('quoted-printable', 'Gr=C3=BC=C3=9Fe'),
    [...holds('Grüße'), ...holds('Grüße\n')],
  ],
  [
    'quoted-printable in small letters',
    '2045 §6.7',
    encoded('quoted-printable', '=c3=bc'),
    [...holds('ü'), ...holds('ü\n')],
  ],
  ['a soft line end', '2045 §6.7', encoded('quoted-printable', 'a=\r\nb'), [...holds('ab'), ...holds('ab\n')]],
  [
    'a soft line end with blanks',
    '2045 §6.7',
    encoded('quoted-printable', 'a=  \r\nb'),
    [...holds('ab'), ...holds('ab\n')],
    { outcome: 'text "a=  \\nb\\n"', reason: PADDING },
  ],
  [
    'blanks at the end of a line',
    '2045 §6.7',
    encoded('quoted-printable', 'a  \r\nb'),
    [...holds('a\nb'), ...holds('a\nb\n'), ...holds('a\r\nb')],
    { outcome: 'text "a  \\nb\\n"', reason: PADDING },
  ],
  [
    'an equals sign before what is no hexadecimal',
    '2045 §6.7',
    encoded('quoted-printable', 'a=zz'),
    [...holds('a=zz'), ...holds('a=zz\n')],
  ],
  ['an equals sign at the end', '2045 §6.7', encoded('quoted-printable', 'a='), holds('a')],
  ['a coding of text that nobody knows', '2045 §6.4', encoded('x-none', 'a'), [...holds('a'), ...holds('a\n')]],
  ['a coding in other letters', '2045 §6.1', encoded('BASE64', 'aGVsbG8='), holds('hello')],
  ['8bit', '2045 §6.2', encoded('8bit', '\xc3\xbc'), [...holds('ü'), ...holds('ü\n')]],
  ['no type: US-ASCII', '2045 §5.2', 'X: y\r\n\r\na', [...holds('a'), ...holds('a\n')]],
  [
    'a type that is none',
    '2045 §5.2',
    type('none', 'a'),
    [...holds('a'), ...holds('a\n'), 'part none null of 1 bytes', 'part none null of 2 bytes'],
  ],
  [
    'a character set in quotes',
    '2045 §5.1',
    lines('Content-Type: text/plain; charset="iso-8859-1"', '', '\xfc'),
    [...holds('ü'), ...holds('ü\n')],
  ],
  [
    'a character set of text that nobody knows',
    '2046 §4.1.2',
    lines('Content-Type: text/plain; charset=x-none', '', 'a'),
    [...holds('a'), ...holds('a\n')],
  ],
  [
    'UTF-16',
    '2781 §4',
    lines('Content-Type: text/plain; charset=utf-16le', 'Content-Transfer-Encoding: base64', '', 'YQBiAA=='),
    holds('ab'),
  ],
  ['a dot at the beginning of a line', '5321 §4.5.2', type('text/plain', '.a'), [...holds('.a'), ...holds('.a\n')]],
];

const PARTS: readonly MimeCase[] = [
  [
    'two parts',
    '2046 §5.1.3',
    mixed('--x', '', 'a', '--x', 'Content-Type: a/b', '', 'b', '--x--'),
    [
      'text "a"; part a/b null of 1 bytes',
      'text "a\\n"; part a/b null of 1 bytes',
      'text "a\\n"; part a/b null of 2 bytes',
    ],
  ],
  [
    'preamble and epilogue',
    '2046 §5.1.1',
    mixed('before', '--x', '', 'a', '--x--', 'behind'),
    [...holds('a'), ...holds('a\n')],
  ],
  ['blanks behind a boundary', '2046 §5.1.1', mixed('--x  ', '', 'a', '--x--  '), [...holds('a'), ...holds('a\n')]],
  [
    'a boundary that another begins with',
    '2046 §5.1.1',
    mixed('--x', '', 'a', '--xy', 'b', '--x--'),
    [...holds('a\n--xy\nb'), ...holds('a\n--xy\nb\n'), ...holds('a\r\n--xy\r\nb')],
  ],
  [
    'a boundary in the middle of a line',
    '2046 §5.1.1',
    mixed('--x', '', 'a --x', '--x--'),
    [...holds('a --x'), ...holds('a --x\n')],
  ],
  ['no closing boundary', '2046 §5.1.1', mixed('--x', '', 'a'), [...holds('a'), ...holds('a\n')]],
  ['no boundary at all in the body', '2046 §5.1.1', mixed('a'), ['nothing', ...holds('a'), ...holds('a\n')]],
  [
    'a type without its boundary',
    '2046 §5.1',
    type('multipart/mixed', '--x', '', 'a', '--x--'),
    ['nothing', ...holds('--x\n\na\n--x--'), ...holds('--x\n\na\n--x--\n')],
  ],
  [
    'an empty boundary',
    '2046 §5.1.1',
    type('multipart/mixed; boundary=""', '--', '', 'a', '----'),
    ['nothing', ...holds('a'), ...holds('a\n'), ...holds('--\n\na\n----'), ...holds('--\n\na\n----\n')],
  ],
  [
    'a boundary in quotes with blanks',
    '2046 §5.1.1',
    type('multipart/mixed; boundary="x y"', '--x y', '', 'a', '--x y--'),
    [...holds('a'), ...holds('a\n')],
  ],
  [
    'a boundary with characters of patterns',
    '2046 §5.1.1',
    type('multipart/mixed; boundary="a.*(b"', '--a.*(b', '', 'a', '--a.*(b--'),
    [...holds('a'), ...holds('a\n')],
  ],
  [
    'parts within parts',
    '2046 §5.1.2',
    mixed(
      '--x',
      'Content-Type: multipart/alternative; boundary=y',
      '',
      '--y',
      '',
      'a',
      '--y',
      'Content-Type: text/html',
      '',
      '<b>',
      '--y--',
      '--x--',
    ),
    ['text "a"; html "<b>"', 'text "a\\n"; html "<b>\\n"'],
  ],
  [
    'an inner boundary that the outer one ends',
    '2046 §5.1.2',
    mixed(
      '--x',
      'Content-Type: multipart/mixed; boundary=y',
      '',
      '--y',
      '',
      'a',
      '--x',
      'Content-Type: a/b',
      '',
      'b',
      '--x--',
    ),
    [
      'text "a"; part a/b null of 1 bytes',
      'text "a\\n"; part a/b null of 1 bytes',
      'text "a\\n"; part a/b null of 2 bytes',
    ],
  ],
  [
    'the same boundary within',
    '2046 §5.1.2',
    mixed('--x', 'Content-Type: multipart/mixed; boundary=x', '', '--x', '', 'a', '--x--', '--x--'),
    [...holds('a'), ...holds('a\n')],
  ],
  ['a part without headers', '2046 §5.1', mixed('--x', '', 'a', '--x--'), [...holds('a'), ...holds('a\n')]],
  ['an empty part', '2046 §5.1', mixed('--x', '', '--x--'), ['nothing', ...holds(''), ...holds('\n')]],
  [
    'line ends of LF alone',
    '2046 §4.1.1',
    'Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--\n',
    [...holds('a'), ...holds('a\n')],
  ],
  [
    'a message as a part',
    '2046 §5.2.1',
    mixed(
      '--x',
      'Content-Type: message/rfc822',
      'Content-Disposition: attachment',
      '',
      'Subject: in',
      '',
      'a',
      '--x--',
    ),
    [
      'part message/rfc822 null of 15 bytes',
      'part message/rfc822 null of 16 bytes',
      'part message/rfc822 null of 17 bytes',
      'part message/rfc822 null of 18 bytes',
    ],
  ],
  [
    '1,000 parts',
    '2046 §5.1',
    mixed(...Array.from({ length: 1_000 }, () => lines('--x', 'Content-Type: a/b', '', 'a')), '--x--'),
    ['1000 parts'],
  ],
  [
    '10,001 boundaries',
    '2046 §5.1',
    mixed(...Array.from({ length: 10_001 }, () => '--x'), '--x--'),
    ['MIME_LIMIT_EXCEEDED'],
  ],
  [
    '100 levels of parts',
    '2046 §5.1.2',
    Array.from({ length: 100 }, (_, at) =>
      lines(`Content-Type: multipart/mixed; boundary=b${at}`, '', `--b${at}`, ''),
    ).join(''),
    ['MIME_LIMIT_EXCEEDED'],
  ],
];

const FILES: readonly MimeCase[] = [
  ['a name of a file', '2183 §2.3', file('attachment; filename=a.txt'), named('a.txt')],
  ['a name in quotes', '2183 §2.3', file('attachment; filename="a b.txt"'), named('a b.txt')],
  ['a name with a character set', '2231 §4', file("attachment; filename*=utf-8''%e2%82%ac.txt"), named('€.txt')],
  ['a name in pieces', '2231 §3', file('attachment; filename*0=a; filename*1=b.txt'), named('ab.txt')],
  [
    'a name in pieces that stand in another order',
    '2231 §3',
    file('attachment; filename*1=b.txt; filename*0=a'),
    named('ab.txt'),
  ],
  [
    'a name in pieces, coded and not',
    '2231 §4.1',
    file("attachment; filename*0*=utf-8''%e2%82%ac; filename*1=.txt"),
    named('€.txt'),
  ],
  [
    'a name with both forms: the coded one',
    '6266 §4.3',
    file("attachment; filename=b.txt; filename*=utf-8''a.txt"),
    [...named('a.txt')],
  ],
  [
    'a name of an encoded word, as programs write it',
    '2231 §1',
    file('attachment; filename="=?utf-8?Q?=C3=BC.txt?="'),
    [...named('ü.txt'), ...named('=?utf-8?Q?=C3=BC.txt?=')],
  ],
  [
    'a name that leads out of the folder: as it was given',
    '2183 §2.3',
    file('attachment; filename="../../etc/x"'),
    [...named('../../etc/x'), ...named('x')],
  ],
  ['a broken percent sign', '2231 §4', file("attachment; filename*=utf-8''%zz.txt"), named('%zz.txt')],
  ['a name of the type', '2045 §5', file('attachment', 'a/b; name=c.txt'), named('c.txt')],
  ['no name', '2183 §2.3', file('attachment'), ['part a/b null of 1 bytes', 'part a/b null of 2 bytes']],
];

export const MIME_CASES: readonly MimeCase[] = [...HEADERS, ...WORDS, ...ADDRESSES, ...BODIES, ...PARTS, ...FILES];
