import { frameTo, type FrameOptions, type Side } from './rawPeer.fixture.ts';

/** A case of the conformance table: what a peer sends, and what ours must do. Ours echoes messages. */
export interface ConformanceCase {
  /** After the case of the Autobahn suite that it goes back to; `own.` for those it has not. */
  readonly id: string;
  /** RFC 6455, or the one named. */
  readonly section: string;
  readonly what: string;
  readonly send: (side: Side) => readonly Buffer[];
  /** All is sent in pieces of so many bytes. */
  readonly pieceBytes?: number;
  /** Frames that come back: opcode and payload. */
  readonly frames: readonly (readonly [opcode: number, payload: string | Buffer])[];
  /** The code of the close frame that ends them, `none` for one without a code. Absent: the connection stays. */
  readonly close?: number | 'none';
  /** Ours takes what the standard does not allow. */
  readonly isLenient?: true;
}

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

type Sent = readonly [opcode: number, payload: string | Buffer, options?: FrameOptions];

const sends =
  (...frames: readonly Sent[]) =>
  (side: Side): Buffer[] =>
    frames.map(([opcode, payload, options]) => frameTo(side, opcode, payload, options));

function row(
  id: string,
  section: string,
  what: string,
  sent: readonly Sent[],
  expected: Pick<ConformanceCase, 'frames'> & Partial<ConformanceCase>,
): ConformanceCase {
  return { id, section, what, send: sends(...sent), ...expected };
}

const PART = { isFinal: false };
const closing = (code: number, reason: string | Buffer = ''): Buffer =>
  Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason as string)]);

function framing(): ConformanceCase[] {
  const kinds = [
    { group: '1.1', opcode: TEXT, name: 'text', fill: '*' },
    { group: '1.2', opcode: BINARY, name: 'binary', fill: 0xfe },
  ] as const;
  return kinds.flatMap(({ group, opcode, name, fill }) => {
    const lengths = [0, 125, 126, 127, 128, 65_535, 65_536];
    const whole = lengths.map((length, index) => {
      const payload = Buffer.alloc(length, fill);
      return row(`${group}.${index + 1}`, '§5.2, §5.6', `${name} of ${length} bytes`, [[opcode, payload]], {
        frames: [[opcode, payload]],
      });
    });
    const payload = Buffer.alloc(65_536, fill);
    const pieces = row(`${group}.8`, '§5.2', `${name} of 65,536 bytes in pieces of 997`, [[opcode, payload]], {
      frames: [[opcode, payload]],
      pieceBytes: 997,
    });
    return [...whole, pieces];
  });
}

function pings(): ConformanceCase[] {
  const longest = Buffer.alloc(125, 0xfe);
  const ten: Sent[] = Array.from({ length: 10 }, (_, index): Sent => [PING, `payload-${index}`]);
  const answers = ten.map(([, payload]) => [PONG, payload] as const);
  const answered = (id: string, what: string, payload: string | Buffer, more = {}): ConformanceCase =>
    row(id, '§5.5.2, §5.5.3', what, [[PING, payload]], { frames: [[PONG, payload]], ...more });
  return [
    answered('2.1', 'a ping without payload', ''),
    answered('2.2', 'a ping with text', 'Hello, world!'),
    answered('2.3', 'a ping with bytes that are no text', Buffer.of(0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff)),
    answered('2.4', 'a ping of 125 bytes', longest),
    row('2.5', '§5.5', 'a ping of 126 bytes', [[PING, Buffer.alloc(126, 0xfe)]], { frames: [], close: 1002 }),
    answered('2.6', 'a ping of 125 bytes, byte by byte', longest, { pieceBytes: 1 }),
    row('2.7', '§5.5.3', 'a pong that nobody asked for', [[PONG, '']], { frames: [] }),
    row('2.8', '§5.5.3', 'a pong with payload that nobody asked for', [[PONG, 'unsolicited']], { frames: [] }),
    row(
      '2.9',
      '§5.5.3',
      'such a pong, then a ping',
      [
        [PONG, 'unsolicited'],
        [PING, 'ping'],
      ],
      { frames: [[PONG, 'ping']] },
    ),
    row('2.10', '§5.5.3', 'ten pings', ten, { frames: answers }),
    row('2.11', '§5.5.3', 'ten pings, byte by byte', ten, { frames: answers, pieceBytes: 1 }),
  ];
}

function reserved(): ConformanceCase[] {
  const bits = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv, index) => {
    const opcode = [TEXT, TEXT, TEXT, TEXT, BINARY, PING, CLOSE][index] as number;
    const bad: Sent = [opcode, opcode === CLOSE ? closing(1000) : 'x', { rsv }];
    const before: Sent = [TEXT, 'first'];
    return row(`3.${rsv}`, '§5.2', `reserved bits ${rsv} on opcode ${opcode}`, [before, bad, [PING, '']], {
      frames: [[TEXT, 'first']],
      close: 1002,
      ...(rsv === 4 && { pieceBytes: 1 }),
    });
  });
  const opcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => {
    const id = opcode < 8 ? `4.1.${opcode - 2}` : `4.2.${opcode - 10}`;
    return [
      row(id, '§5.2', `reserved opcode ${opcode}`, [[opcode, '']], { frames: [], close: 1002 }),
      row(
        `${id}b`,
        '§5.2',
        `reserved opcode ${opcode} with payload behind a text`,
        [
          [TEXT, 'a'],
          [opcode, 'x'],
        ],
        {
          frames: [[TEXT, 'a']],
          close: 1002,
        },
      ),
    ];
  });
  return [...bits, ...opcodes];
}

function fragments(): ConformanceCase[] {
  const fails = { frames: [], close: 1002 } as const;
  const two: Sent[] = [
    [TEXT, 'fragment1', PART],
    [CONTINUATION, 'fragment2'],
  ];
  const joined = [TEXT, 'fragment1fragment2'] as const;
  const between: Sent[] = [two[0] as Sent, [PING, 'ping'], two[1] as Sent];
  const five: Sent[] = [
    [TEXT, 'f1', PART],
    [CONTINUATION, 'f2', PART],
    [PING, 'p1'],
    [CONTINUATION, 'f3', PART],
    [CONTINUATION, 'f4', PART],
    [PING, 'p2'],
    [CONTINUATION, 'f5'],
  ];
  const fiveBack = [
    [PONG, 'p1'],
    [PONG, 'p2'],
    [TEXT, 'f1f2f3f4f5'],
  ] as const;
  const nothingOpen: Sent[] = [
    [CONTINUATION, 'non-continuation'],
    [TEXT, 'Hello'],
  ];
  const openPart: Sent[] = [
    [CONTINUATION, 'non-continuation', PART],
    [TEXT, 'Hello'],
  ];
  const again: Sent[] = [
    [CONTINUATION, 'f1', PART],
    [TEXT, 'f2', PART],
    [CONTINUATION, 'f3'],
  ];
  const section = '§5.4';
  return [
    row(
      '5.1',
      section,
      'a ping in two fragments',
      [
        [PING, 'f1', PART],
        [CONTINUATION, 'f2'],
      ],
      fails,
    ),
    row(
      '5.2',
      section,
      'a pong in two fragments',
      [
        [PONG, 'f1', PART],
        [CONTINUATION, 'f2'],
      ],
      fails,
    ),
    row('5.3', section, 'text in two fragments', two, { frames: [joined] }),
    row('5.4', section, 'the same in pieces of 7 bytes', two, { frames: [joined], pieceBytes: 7 }),
    row('5.5', section, 'the same byte by byte', two, { frames: [joined], pieceBytes: 1 }),
    row('5.6', section, 'a ping between', between, { frames: [[PONG, 'ping'], joined] }),
    row('5.7', section, 'a ping between, in pieces of 7 bytes', between, {
      frames: [[PONG, 'ping'], joined],
      pieceBytes: 7,
    }),
    row('5.8', section, 'a ping between, byte by byte', between, { frames: [[PONG, 'ping'], joined], pieceBytes: 1 }),
    row('5.9', section, 'a continuation of nothing', nothingOpen, fails),
    row('5.10', section, 'a continuation of nothing, in pieces', nothingOpen, { ...fails, pieceBytes: 7 }),
    row('5.11', section, 'a continuation of nothing, byte by byte', nothingOpen, { ...fails, pieceBytes: 1 }),
    row('5.12', section, 'an unfinished continuation of nothing', openPart, fails),
    row('5.13', section, 'the same in pieces', openPart, { ...fails, pieceBytes: 7 }),
    row('5.14', section, 'the same byte by byte', openPart, { ...fails, pieceBytes: 1 }),
    row('5.15', section, 'a good message, then a continuation of nothing', [...two, ...openPart], {
      frames: [joined],
      close: 1002,
    }),
    row('5.16', section, 'twice a continuation of nothing, unfinished', [...again, ...again], fails),
    row(
      '5.17',
      section,
      'twice a continuation of nothing',
      [
        [CONTINUATION, 'f1'],
        [TEXT, 'f2', PART],
        [CONTINUATION, 'f3'],
      ],
      fails,
    ),
    row(
      '5.18',
      section,
      'a new text inside a text',
      [
        [TEXT, 'f1', PART],
        [TEXT, 'f2'],
      ],
      fails,
    ),
    row('5.19', section, 'five fragments with pings between', five, { frames: fiveBack }),
    row('5.20', section, 'five fragments with pings between, byte by byte', five, { frames: fiveBack, pieceBytes: 1 }),
  ];
}

/** RFC 3629 §3, §4; the test file of M. Kuhn, by its sections 2 to 5. */
const GOOD_UTF8: readonly string[] = [
  '',
  '24',
  'c2a2',
  'e282ac',
  'f0a4ada2',
  'ceba',
  'cebae1bdb9cf83cebcceb5',
  '00',
  'c280',
  'e0a080',
  'f0908080',
  '7f',
  'dfbf',
  'efbfbf',
  'f48fbfbf',
  'ed9fbf',
  'ee8080',
  'efbfbd',
  'efbfbe',
  'f09fbfbe',
  'f09fbfbf',
  'f48fbfbe',
  'e2898de2888be28887',
  '48656c6c6f2dc2b540c39fc3b6c3a4c3bcc3a0c3a12d5554462d382121',
];
const BAD_UTF8: readonly string[] = [
  'ce',
  'cebae1',
  'cebae1bd',
  'cebae1bdb9cf',
  'cebae1bdb9cf83ce',
  'cebae1bdb9cf83cebcce',
  'f8888080',
  'f888808080',
  'fc8480808080',
  'f7bfbfbf',
  'fbbfbfbfbf',
  'fdbfbfbfbfbf',
  'f4908080',
  '80',
  'bf',
  '80bf',
  '80bf80',
  '80bf80bf',
  '80bf80bf80bf80',
  'c0',
  'c020',
  'df20',
  'e020',
  'ef20',
  'f020',
  'f720',
  'f820',
  'fc20',
  'fd20',
  'e080',
  'f08080',
  'f8808080',
  'fc80808080',
  'dfbfc2',
  'efbf',
  'f7bfbf',
  'fbbfbfbf',
  'fdbfbfbfbf',
  'fe',
  'ff',
  'fefeffff',
  'c0af',
  'e080af',
  'f08080af',
  'f8808080af',
  'fc80808080af',
  'c1bf',
  'e09fbf',
  'f08fbfbf',
  'f887bfbfbf',
  'fc83bfbfbfbf',
  'c080',
  'e08080',
  'f0808080',
  'f880808080',
  'fc8080808080',
  'eda080',
  'edadbf',
  'edae80',
  'edafbf',
  'edb080',
  'edbe80',
  'edbfbf',
  'eda080edb080',
  'eda080edbfbf',
  'edadbfedb080',
  'edadbfedbfbf',
  'edae80edb080',
  'edafbfedbfbf',
  'cebae1bdb9cf83cebcceb5eda080656469746564',
  'cebae1bdb9cf83cebcceb5f4908080656469746564',
];

function utf8(): ConformanceCase[] {
  const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
  const cut = (payload: Buffer): Sent[] => {
    const middle = Math.floor(payload.length / 2);
    return [
      [TEXT, payload.subarray(0, middle), PART],
      [CONTINUATION, payload.subarray(middle)],
    ];
  };
  const good = GOOD_UTF8.flatMap((hex, index) => [
    row(`6.2.${index + 1}`, '§8.1, RFC 3629', `text ${hex || 'of nothing'}`, [[TEXT, bytes(hex)]], {
      frames: [[TEXT, bytes(hex)]],
    }),
    row(`6.2.${index + 1}b`, '§8.1', `text ${hex || 'of nothing'} in two fragments, byte by byte`, cut(bytes(hex)), {
      frames: [[TEXT, bytes(hex)]],
      pieceBytes: 1,
    }),
  ]);
  const bad = BAD_UTF8.flatMap((hex, index) => [
    row(`6.3.${index + 1}`, '§8.1, RFC 3629', `no text: ${hex}`, [[TEXT, bytes(hex)]], { frames: [], close: 1007 }),
    row(`6.3.${index + 1}b`, '§8.1', `no text: ${hex} in two fragments, byte by byte`, cut(bytes(hex)), {
      frames: [],
      close: 1007,
      pieceBytes: 1,
    }),
  ]);
  return [
    row('6.1.1', '§5.6', 'an empty text', [[TEXT, '']], { frames: [[TEXT, '']] }),
    row(
      '6.1.2',
      '§5.4',
      'three empty fragments',
      [
        [TEXT, '', PART],
        [CONTINUATION, '', PART],
        [CONTINUATION, ''],
      ],
      {
        frames: [[TEXT, '']],
      },
    ),
    row(
      '6.1.3',
      '§5.4',
      'a fragment between two empty ones',
      [
        [TEXT, '', PART],
        [CONTINUATION, 'middle', PART],
        [CONTINUATION, ''],
      ],
      {
        frames: [[TEXT, 'middle']],
      },
    ),
    ...good,
    ...bad,
    row('6.4', '§5.6', 'bytes that are no text, as binary', [[BINARY, bytes('ff')]], {
      frames: [[BINARY, bytes('ff')]],
    }),
  ];
}

function closes(): ConformanceCase[] {
  const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
  const badCodes = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
  const text: Sent = [TEXT, 'Hello'];
  const section = '§5.5.1, §7.1';
  const nothing = { frames: [], close: 1000 } as const;
  return [
    row('7.1.1', section, 'a text, then a close', [text, [CLOSE, closing(1000)]], {
      frames: [[TEXT, 'Hello']],
      close: 1000,
    }),
    row(
      '7.1.2',
      section,
      'two closes',
      [
        [CLOSE, closing(1000)],
        [CLOSE, closing(1001)],
      ],
      nothing,
    ),
    row(
      '7.1.3',
      section,
      'a ping behind a close',
      [
        [CLOSE, closing(1000)],
        [PING, ''],
      ],
      nothing,
    ),
    row('7.1.4', section, 'a text behind a close', [[CLOSE, closing(1000)], text], nothing),
    row(
      '7.1.5',
      section,
      'a close inside a message',
      [
        [TEXT, 'f1', PART],
        [CLOSE, closing(1000)],
        [CONTINUATION, 'f2'],
      ],
      nothing,
    ),
    row(
      '7.1.6',
      section,
      '256 KiB, a close, a ping',
      [
        [TEXT, Buffer.alloc(262_144, '*')],
        [CLOSE, closing(1000)],
        [PING, ''],
      ],
      {
        frames: [[TEXT, Buffer.alloc(262_144, '*')]],
        close: 1000,
      },
    ),
    row('7.3.1', section, 'a close without a code', [[CLOSE, '']], { frames: [], close: 'none' }),
    row('7.3.2', section, 'a close with half a code', [[CLOSE, 'a']], { frames: [], close: 1002 }),
    row('7.3.3', section, 'a close with a code', [[CLOSE, closing(1000)]], nothing),
    row('7.3.4', section, 'a close with a reason', [[CLOSE, closing(1000, 'Hello World!')]], nothing),
    row('7.3.5', section, 'a close with a reason of 123 bytes', [[CLOSE, closing(1000, '*'.repeat(123))]], nothing),
    row('7.3.6', '§5.5', 'a close with a reason of 124 bytes', [[CLOSE, closing(1000, '*'.repeat(124))]], {
      frames: [],
      close: 1002,
    }),
    row(
      '7.5.1',
      '§8.1',
      'a reason that is no text',
      [[CLOSE, closing(1000, Buffer.from('cebae1bdb9cf83cebcceb5eda080', 'hex'))]],
      {
        frames: [],
        close: 1007,
      },
    ),
    ...codes.map((code, index) =>
      row(`7.7.${index + 1}`, '§7.4', `close code ${code}`, [[CLOSE, closing(code)]], { frames: [], close: code }),
    ),
    ...badCodes.map((code, index) =>
      row(`7.9.${index + 1}`, '§7.4', `close code ${code}`, [[CLOSE, closing(code)]], { frames: [], close: 1002 }),
    ),
    ...badCodes.map((code, index) =>
      row(`7.13.${index + 1}`, '§7.4', `close code ${code} with a reason`, [[CLOSE, closing(code, 'why')]], {
        frames: [],
        close: 1002,
      }),
    ),
  ];
}

function sizes(): ConformanceCase[] {
  const echoed = (id: string, what: string, sent: readonly Sent[], payload: Buffer, more = {}): ConformanceCase =>
    row(id, '§5.4, §10.4', what, sent, { frames: [[sent[0]?.[0] ?? TEXT, payload]], ...more });
  const split = (opcode: number, payload: Buffer, size: number): Sent[] =>
    Array.from(
      { length: Math.ceil(payload.length / size) },
      (_, index, { length } = { length: Math.ceil(payload.length / size) }): Sent => [
        index === 0 ? opcode : CONTINUATION,
        payload.subarray(index * size, (index + 1) * size),
        { isFinal: index === length - 1 },
      ],
    );
  const kib = (count: number): Buffer => Buffer.alloc(count * 1_024, '*');
  return [
    ...[64, 256, 1_024].flatMap((count, index) => [
      echoed(`9.1.${index + 1}`, `text of ${count} KiB`, [[TEXT, kib(count)]], kib(count)),
      echoed(`9.2.${index + 1}`, `binary of ${count} KiB`, [[BINARY, kib(count)]], kib(count)),
    ]),
    ...[64, 256, 1_024, 4_096, 16_384].flatMap((size, index) => [
      echoed(`9.3.${index + 1}`, `text of 64 KiB in fragments of ${size}`, split(TEXT, kib(64), size), kib(64)),
      echoed(`9.4.${index + 1}`, `binary of 64 KiB in fragments of ${size}`, split(BINARY, kib(64), size), kib(64)),
    ]),
    ...[64, 128, 256, 512, 1_024, 2_048].flatMap((size, index) => [
      echoed(`9.5.${index + 1}`, `text of 256 KiB in pieces of ${size}`, [[TEXT, kib(256)]], kib(256), {
        pieceBytes: size,
      }),
      echoed(`9.6.${index + 1}`, `binary of 256 KiB in pieces of ${size}`, [[BINARY, kib(256)]], kib(256), {
        pieceBytes: size,
      }),
    ]),
    echoed('10.1.1', 'text of 64 KiB in fragments of 1300', split(TEXT, kib(64), 1_300), kib(64)),
    row('own.1', '§10.4', 'a message beyond the limit', [[BINARY, Buffer.alloc(1_048_577)]], {
      frames: [],
      close: 1009,
    }),
    row('own.2', '§10.4', 'fragments that go beyond the limit', split(BINARY, Buffer.alloc(1_100_000), 100_000), {
      frames: [],
      close: 1009,
    }),
    row('own.3', '§10.4', 'more fragments than the limit', split(TEXT, Buffer.alloc(1_025, '*'), 1), {
      frames: [],
      close: 1008,
    }),
  ];
}

function own(): ConformanceCase[] {
  const wrong = (side: Side): Buffer => frameTo(side, TEXT, 'x', { isMasked: side === 'client' });
  const head = (side: Side, length: bigint): Buffer => {
    const bytes = Buffer.alloc(10);
    bytes[0] = 0x82;
    bytes[1] = 127 | (side === 'server' ? 0x80 : 0);
    bytes.writeBigUInt64BE(length, 2);
    return bytes;
  };
  return [
    {
      id: 'own.4',
      section: '§5.1',
      what: 'a mask where none may be, or none where one must',
      send: (side) => [wrong(side)],
      frames: [],
      close: 1002,
    },
    {
      id: 'own.5',
      section: '§5.2',
      what: 'a length whose first bit is set',
      send: (side) => [head(side, 0x8000_0000_0000_0001n)],
      frames: [],
      close: 1009,
    },
    {
      id: 'own.6',
      section: '§10.4',
      what: 'a length that nobody has',
      send: (side) => [head(side, 0x7fff_ffff_ffff_ffffn)],
      frames: [],
      close: 1009,
    },
    row('own.7', '§5.2', 'a length of 5 in 16 bits', [[TEXT, 'Hello', { lengthBytes: 2 }]], {
      frames: [[TEXT, 'Hello']],
      isLenient: true,
    }),
    row('own.8', '§5.2', 'a length of 5 in 64 bits', [[TEXT, 'Hello', { lengthBytes: 8 }]], {
      frames: [[TEXT, 'Hello']],
      isLenient: true,
    }),
  ];
}

export const CONFORMANCE: readonly ConformanceCase[] = [
  ...framing(),
  ...pings(),
  ...reserved(),
  ...fragments(),
  ...utf8(),
  ...closes(),
  ...sizes(),
  ...own(),
];
