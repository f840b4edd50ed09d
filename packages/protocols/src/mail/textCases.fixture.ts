type TextCase = readonly [title: string, source: string, text: string, allowed: readonly string[]];

const REFUSED = ['nothing is taken'];
/** As long as it is one: the rest of it is text. */
const ONE_AT_MOST = ['nothing is taken', 'one message is taken'];

/** What stands behind the first line of a message, in front of a hidden one. */
export const ENDS: readonly (readonly [title: string, end: string, allowed: readonly string[]])[] = [
  ['LF . LF', '\n.\n', REFUSED],
  ['LF . CR LF', '\n.\r\n', REFUSED],
  ['CR LF . LF', '\r\n.\n', REFUSED],
  ['CR . CR', '\r.\r', REFUSED],
  ['CR . CR LF', '\r.\r\n', REFUSED],
  ['CR LF . CR', '\r\n.\r', REFUSED],
  ['CR LF . CR CR LF', '\r\n.\r\r\n', REFUSED],
  ['CR CR LF . CR LF, which has an end in it', '\r\r\n.\r\n', REFUSED],
  ['LF LF . CR LF', '\n\n.\r\n', REFUSED],
  ['LF CR . CR LF', '\n\r.\r\n', REFUSED],
  ['CR LF NUL . CR LF', '\r\n\0.\r\n', ONE_AT_MOST],
  ['CR LF . NUL CR LF', '\r\n.\0\r\n', ONE_AT_MOST],
  ['CR LF . blank CR LF', '\r\n. \r\n', ONE_AT_MOST],
  ['CR LF blank . CR LF', '\r\n .\r\n', ONE_AT_MOST],
  ['CR LF . . CR LF', '\r\n..\r\n', ONE_AT_MOST],
  ['CR LF . of UTF-8 (FF0E) CR LF', '\r\n\xef\xbc\x8e\r\n', ONE_AT_MOST],
  ['a next-line character (85) . of ISO 8859-1', '\x85.\x85', ONE_AT_MOST],
];

const MAIL = 'MAIL FROM:<a@b.example>\r\n';
const RCPT = 'RCPT TO:<c@d.example>\r\n';

/** Lines of a client whose ends are not CRLF, and what rides in one. */
export const SERVER_LINES: readonly TextCase[] = [
  [
    'a command that LF alone ends',
    '5321 §2.3.8',
    'NOOP\nQUIT\r\n',
    ['500 221; no message', '250 221; no message', '500; no message'],
  ],
  [
    'two commands in one line with LF between',
    '5321 §2.3.8',
    `MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\r\nQUIT\r\n`,
    [
      '501 221; no message',
      '500 503 221; no message',
      '500 221; no message',
      '500 500 221; no message',
      '250 250 221; no message',
    ],
  ],
  [
    'two commands in one line with CR between',
    '5321 §2.3.8',
    `MAIL FROM:<a@b.example>\rRCPT TO:<c@d.example>\r\nQUIT\r\n`,
    ['501 221; no message', '500 221; no message'],
  ],
  [
    'an address with a line end in quotes',
    '5321 §4.1.2',
    'MAIL FROM:<"a\rb"@b.example>\r\nQUIT\r\n',
    ['501 221; no message', '553 221; no message', '500 221; no message'],
  ],
  ['a NUL in a command', '5321 §4.1.2', 'NOOP\0\r\nQUIT\r\n', ['501 221; no message', '500 221; no message']],
  [
    'a command behind DATA that was refused',
    '5321 §4.1.4',
    'DATA\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n',
    ['503 250 221; no message'],
  ],
  [
    'a counted piece with an end of DATA in it',
    '3030 §3',
    `${MAIL}${RCPT}BDAT 9 LAST\r\na\r\n.\r\nb\r\nQUIT\r\n`,
    ['250 250 250 221; a@b.example "a\\r\\n.\\r\\nb\\r\\n"', '250 250 250 500 221; a@b.example "a\\r\\n.\\r\\nb\\r"'],
  ],
  [
    'a counted piece that is shorter than it says',
    '3030 §3',
    `${MAIL}${RCPT}BDAT 99 LAST\r\na\r\n`,
    ['250 250; no message'],
  ],
  [
    'a number of bytes beyond 64 bits',
    '3030 §3',
    `${MAIL}${RCPT}BDAT 99999999999999999999999 LAST\r\nQUIT\r\n`,
    [
      '250 250 501; no message',
      '250 250 501 221; no message',
      '250 250 552; no message',
      '250 250 552 221; no message',
      '250 250 500 221; no message',
    ],
  ],
  [
    'a negative number of bytes',
    '3030 §3',
    `${MAIL}${RCPT}BDAT -1 LAST\r\nQUIT\r\n`,
    ['250 250 501 221; no message', '250 250 501; no message', '250 250 500 221; no message'],
  ],
  [
    'DATA within counted pieces',
    '3030 §3',
    `${MAIL}${RCPT}BDAT 1\r\naDATA\r\nQUIT\r\n`,
    ['250 250 250 503 221; no message'],
  ],
];

const TAKEN = (text: string): string => `250 250 354 250; a@b.example ${JSON.stringify(text)}`;

/** What stands on the wire behind DATA. */
export const INCOMING: readonly TextCase[] = [
  ['a text', '5321 §4.1.1.4', 'a\r\n.\r\n', [TAKEN('a\r\n')]],
  ['nothing', '5321 §4.1.1.4', '.\r\n', [TAKEN('')]],
  ['a line that begins with a dot', '5321 §4.5.2', '..a\r\n.\r\n', [TAKEN('.a\r\n')]],
  ['a line that begins with one dot alone', '5321 §4.5.2', '.a\r\n.\r\n', [TAKEN('a\r\n')]],
  ['a line of two dots', '5321 §4.5.2', '..\r\n.\r\n', [TAKEN('.\r\n')]],
  ['a line of three dots', '5321 §4.5.2', '...\r\n.\r\n', [TAKEN('..\r\n')]],
  ['a dot in the middle', '5321 §4.5.2', 'a.\r\n.\r\n', [TAKEN('a.\r\n')]],
  ['an empty line', '5321 §4.1.1.4', '\r\n.\r\n', [TAKEN('\r\n')]],
  ['no end', '5321 §4.1.1.4', 'a\r\n', ['250 250 354; no message']],
  ['bytes that are no text', '6152 §3', '\0\xff\r\n.\r\n', [TAKEN('\0\xff\r\n')]],
  ['a line of 998 bytes', '5321 §4.5.3.1.6', `${'a'.repeat(998)}\r\n.\r\n`, [TAKEN(`${'a'.repeat(998)}\r\n`)]],
  [
    'a line without an end',
    '5321 §4.5.3.1.6',
    `${'a'.repeat(10_000)}\r\n.\r\n`,
    [
      '250 250 354 500; no message',
      '250 250 354 552; no message',
      '250 250 354 550; no message',
      '250 250 354 554; no message',
    ],
  ],
];

const wire = (text: string): readonly string[] => [JSON.stringify(text)];

/** What our client is given. */
export const OUTGOING: readonly TextCase[] = [
  ['a text', '5321 §4.1.1.4', 'a\r\n', wire('a\r\n.\r\n')],
  ['nothing', '5321 §4.1.1.4', '', wire('.\r\n')],
  ['no line end at its end', '5321 §4.1.1.4', 'a', wire('a\r\n.\r\n')],
  ['a line that begins with a dot', '5321 §4.5.2', '.a\r\n', wire('..a\r\n.\r\n')],
  ['a line of a dot alone', '5321 §4.5.2', 'a\r\n.\r\nb\r\n', wire('a\r\n..\r\nb\r\n.\r\n')],
  ['LF . LF and a command', '5321 §2.3.8', 'a\n.\nMAIL FROM:<x@y>\n', wire('a\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n')],
  ['CR . CR and a command', '5321 §2.3.8', 'a\r.\rMAIL FROM:<x@y>\r', wire('a\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n')],
  ['CR LF . CR and a command', '5321 §2.3.8', 'a\r\n.\rMAIL FROM:<x@y>', wire('a\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n')],
  ['CR CR LF', '5321 §2.3.8', 'a\r\r\n.b', wire('a\r\n\r\n..b\r\n.\r\n')],
];

/** What stands on the wire behind `+OK`. */
export const POP3_TEXTS: readonly TextCase[] = [
  ['a message', '1939 §3', 'a\r\n.\r\n', wire('a\r\n')],
  ['nothing', '1939 §3', '.\r\n', wire('')],
  ['a line that begins with a dot', '1939 §3', '..a\r\n.\r\n', wire('.a\r\n')],
  ['a line of a dot alone', '1939 §3', '..\r\n.\r\n', wire('.\r\n')],
  [
    'a line that begins with one dot, which may not be',
    '1939 §3',
    '.a\r\n.\r\n',
    [...wire('a\r\n'), ...wire('.a\r\n')],
  ],
  ['three dots', '1939 §3', '...\r\n.\r\n', wire('..\r\n')],
  ['a dot in the middle', '1939 §3', 'a.b.\r\n.\r\n', wire('a.b.\r\n')],
  ['LF . LF is no end', '1939 §3', 'a\n.\nb\r\n.\r\n', [...wire('a\n.\nb\r\n'), 'PROTOCOL_VIOLATION']],
  ['LF . CR LF is no end', '1939 §3', 'a\n.\r\nb\r\n.\r\n', [...wire('a\n.\r\nb\r\n'), 'PROTOCOL_VIOLATION']],
  [
    'CR LF . LF is no end',
    '1939 §3',
    'a\r\n.\nb\r\n.\r\n',
    [...wire('a\r\n\nb\r\n'), ...wire('a\r\n.\nb\r\n'), 'PROTOCOL_VIOLATION'],
  ],
  [
    'CR LF . CR is no end',
    '1939 §3',
    'a\r\n.\rb\r\n.\r\n',
    [...wire('a\r\n\rb\r\n'), ...wire('a\r\n.\rb\r\n'), 'PROTOCOL_VIOLATION'],
  ],
  ['a dot and a blank are no end', '1939 §3', '. \r\n.\r\n', [...wire(' \r\n'), ...wire('. \r\n')]],
  ['a message that is cut', '1939 §3', 'a\r\n', ['CONNECTION_LOST', 'CONNECTION_CLOSED']],
  ['a message that is cut within its end', '1939 §3', 'a\r\n.', ['CONNECTION_LOST', 'CONNECTION_CLOSED']],
  ['bytes that are no text', '1939 §3', '\0\xff\r\n.\r\n', wire('\0\xff\r\n')],
];
