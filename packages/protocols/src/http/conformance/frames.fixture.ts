/** Frames of HTTP/2 as bytes. RFC 9113 §4.1, §6. */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST: 3,
  SETTINGS: 4,
  PUSH: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW: 8,
  CONTINUATION: 9,
} as const;
export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8 } as const;
export const ERROR = {
  NO_ERROR: 0,
  PROTOCOL: 1,
  FLOW: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE: 6,
  REFUSED: 7,
  COMPRESSION: 9,
  CALM: 11,
} as const;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const setting = (id: number, value: number): Buffer =>
  Buffer.concat([Buffer.of(id >> 8, id & 0xff), uint32(value)]);

/** Fields as literals without Huffman coding and without the table (RFC 7541 §6.2.2). */
export function literals(...fields: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])));
}

export const GET: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'localhost'],
];
export const START = Buffer.concat([PREFACE, frame(TYPE.SETTINGS, 0, 0)]);

/** What a server said, frame by frame. */
export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function framesIn(bytes: Buffer): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    frames.push({
      type: bytes[at + 3] as number,
      flags: bytes[at + 4] as number,
      stream: bytes.readUInt32BE(at + 5),
      payload,
    });
    at += 9 + length;
  }
  return frames;
}

/** How the server ended the connection or a stream: the code of a GOAWAY, or of a reset, that is not "nothing is wrong". */
export function verdictOf(frames: readonly ReceivedFrame[]): string | undefined {
  for (const { type, payload } of frames) {
    if (type === TYPE.GOAWAY && payload.readUInt32BE(4) !== 0)
      return `the connection ends with ${payload.readUInt32BE(4)}`;
    // A reset without an error says that the rest of the request is not needed (RFC 9113 §8.1).
    if (type === TYPE.RST && payload.readUInt32BE(0) !== 0) return `the stream ends with ${payload.readUInt32BE(0)}`;
  }
  return undefined;
}

/** The static table has some as one byte (RFC 7541 App. A); others are read from the literal, Huffman or not. */
const INDEXED: Readonly<Record<number, string>> = {
  0x88: '200',
  0x89: '204',
  0x8a: '206',
  0x8b: '304',
  0x8c: '400',
  0x8d: '404',
  0x8e: '500',
};
/** Huffman codes of digits: RFC 7541 App. B; five bits for 0, 1 and 2, six for the others. */
const DIGITS: Readonly<Record<string, string>> = {
  '00000': '0',
  '00001': '1',
  '00010': '2',
  '011001': '3',
  '011010': '4',
  '011011': '5',
  '011100': '6',
  '011101': '7',
  '011110': '8',
  '011111': '9',
};

/** The status of the first answer; it stands first in its block (RFC 9113 §8.3). */
export function statusIn(frames: readonly ReceivedFrame[]): string | undefined {
  const block = frames.find(({ type }) => type === TYPE.HEADERS)?.payload;
  if (block === undefined) return undefined;
  const [first = 0, length = 0] = block;
  const indexed = INDEXED[first];
  if (indexed !== undefined) return indexed;
  const value = block.subarray(2, 2 + (length & 0x7f));
  if ((length & 0x80) === 0) return value.toString('latin1');
  const bits = [...value].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let status = '';
  for (let at = 0; status.length < 3; ) {
    const short = DIGITS[bits.slice(at, at + 5)];
    const digit = short ?? DIGITS[bits.slice(at, at + 6)];
    if (digit === undefined) return undefined;
    status += digit;
    at += short === undefined ? 6 : 5;
  }
  return status;
}
