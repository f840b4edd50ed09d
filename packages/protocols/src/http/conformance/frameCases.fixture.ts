import { ERROR, FLAG, frame, GET, literals, setting, TYPE, uint32 } from './frames.fixture.ts';

const { END_STREAM, END_HEADERS, PADDED, ACK } = FLAG;
const request = (stream: number, flags: number = END_STREAM | END_HEADERS, fields = GET): Buffer =>
  frame(TYPE.HEADERS, flags, stream, literals(...fields));
const with_ = (...fields: readonly (readonly [string, string])[]) => [...GET, ...fields];
const connection = (code: number): string => `the connection ends with ${code}`;
const stream1 = (code: number): string => `the stream ends with ${code}`;
const block = (...bytes: number[]): Buffer => frame(TYPE.HEADERS, END_STREAM | END_HEADERS, 1, Buffer.of(...bytes));

/** Title, source in RFC 9113 when no other is named, frames behind preface and SETTINGS, and how it may end. */
export const FRAME_CASES: readonly (readonly [string, string, readonly Uint8Array[], readonly string[]])[] = [
  ['a frame of an unknown type is ignored', '§4.1', [frame(0xbe, 0, 0, Buffer.of(1)), request(1)], ['200']],
  ['unknown flags are ignored', '§4.1', [frame(TYPE.PING, 0x86, 0, Buffer.alloc(8)), request(1)], ['200']],
  ['the reserved bit is ignored', '§4.1', [frame(TYPE.PING, 0, 0x80000000, Buffer.alloc(8)), request(1)], ['200']],
  [
    'padding is taken off',
    '§6.2',
    [
      frame(
        TYPE.HEADERS,
        END_STREAM | END_HEADERS | PADDED,
        1,
        Buffer.concat([Buffer.of(2), literals(...GET), Buffer.alloc(2)]),
      ),
    ],
    ['200'],
  ],
  [
    'a frame larger than allowed',
    '§4.2',
    [frame(TYPE.DATA, 0, 1, Buffer.alloc(16_385))],
    [connection(ERROR.FRAME_SIZE)],
  ],
  [
    'HEADERS larger than allowed',
    '§4.2',
    [frame(TYPE.HEADERS, END_HEADERS, 1, Buffer.alloc(16_385))],
    [connection(ERROR.FRAME_SIZE)],
  ],
  [
    'a field block cut by another frame',
    '§4.3',
    [request(1, END_STREAM), frame(TYPE.PRIORITY, 0, 1, Buffer.alloc(5))],
    [connection(ERROR.PROTOCOL)],
  ],
  ['a field block cut by another stream', '§4.3', [request(1, END_STREAM), request(3)], [connection(ERROR.PROTOCOL)]],
  ['an index that is not in the table', '7541 §2.3.3', [block(0xff, 0x40)], [connection(ERROR.COMPRESSION)]],
  ['index 0', '7541 §6.1', [block(0x80)], [connection(ERROR.COMPRESSION)]],
  [
    'a table size beyond what was allowed',
    '7541 §6.3',
    [block(0x3f, 0xff, 0xff, 0x7f)],
    [connection(ERROR.COMPRESSION)],
  ],
  [
    'the end-of-string symbol in a Huffman string',
    '7541 §5.2',
    [block(0x00, 0x84, 0xff, 0xff, 0xff, 0xff)],
    [connection(ERROR.COMPRESSION)],
  ],
  ['a string that is longer than its block', '7541 §5.2', [block(0x00, 0x7f)], [connection(ERROR.COMPRESSION)]],
  ['DATA on stream 0', '§6.1', [frame(TYPE.DATA, 0, 0, Buffer.of(1))], [connection(ERROR.PROTOCOL)]],
  ['DATA on a stream that is idle', '§5.1', [frame(TYPE.DATA, 0, 1, Buffer.of(1))], [connection(ERROR.PROTOCOL)]],
  [
    'DATA on a stream whose client has ended it',
    '§5.1',
    [request(1), frame(TYPE.DATA, 0, 1, Buffer.of(1))],
    [connection(ERROR.STREAM_CLOSED), stream1(ERROR.STREAM_CLOSED)],
  ],
  [
    'padding longer than the frame',
    '§6.1',
    [request(1, END_HEADERS), frame(TYPE.DATA, PADDED, 1, Buffer.of(9, 1))],
    [connection(ERROR.PROTOCOL)],
  ],
  ['HEADERS on stream 0', '§6.2', [request(0)], [connection(ERROR.PROTOCOL)]],
  ['HEADERS on an even stream', '§5.1.1', [request(2)], [connection(ERROR.PROTOCOL)]],
  [
    'PRIORITY of the wrong length',
    '§6.3',
    [frame(TYPE.PRIORITY, 0, 1, Buffer.alloc(4))],
    [connection(ERROR.FRAME_SIZE), stream1(ERROR.FRAME_SIZE)],
  ],
  ['RST_STREAM on stream 0', '§6.4', [frame(TYPE.RST, 0, 0, uint32(8))], [connection(ERROR.PROTOCOL)]],
  ['RST_STREAM on a stream that is idle', '§6.4', [frame(TYPE.RST, 0, 1, uint32(8))], [connection(ERROR.PROTOCOL)]],
  [
    'RST_STREAM of the wrong length',
    '§6.4',
    [request(1, END_HEADERS), frame(TYPE.RST, 0, 1, Buffer.alloc(3))],
    [connection(ERROR.FRAME_SIZE)],
  ],
  ['SETTINGS on a stream', '§6.5', [frame(TYPE.SETTINGS, 0, 1)], [connection(ERROR.PROTOCOL)]],
  [
    'SETTINGS with part of a setting',
    '§6.5',
    [frame(TYPE.SETTINGS, 0, 0, Buffer.alloc(5))],
    [connection(ERROR.FRAME_SIZE)],
  ],
  [
    'an acknowledgement with content',
    '§6.5',
    [frame(TYPE.SETTINGS, ACK, 0, setting(3, 1))],
    [connection(ERROR.FRAME_SIZE)],
  ],
  [
    'ENABLE_PUSH that is no truth value',
    '§6.5.2',
    [frame(TYPE.SETTINGS, 0, 0, setting(2, 2))],
    [connection(ERROR.PROTOCOL)],
  ],
  ['a window beyond 2^31-1', '§6.5.2', [frame(TYPE.SETTINGS, 0, 0, setting(4, 0x80000000))], [connection(ERROR.FLOW)]],
  ['a frame size below 2^14', '§6.5.2', [frame(TYPE.SETTINGS, 0, 0, setting(5, 16_383))], [connection(ERROR.PROTOCOL)]],
  [
    'a frame size beyond 2^24-1',
    '§6.5.2',
    [frame(TYPE.SETTINGS, 0, 0, setting(5, 16_777_216))],
    [connection(ERROR.PROTOCOL)],
  ],
  ['an unknown setting is ignored', '§6.5.2', [frame(TYPE.SETTINGS, 0, 0, setting(0xff, 1)), request(1)], ['200']],
  [
    'PUSH_PROMISE of a client',
    '§8.4',
    [frame(TYPE.PUSH, END_HEADERS, 1, Buffer.alloc(5))],
    [connection(ERROR.PROTOCOL)],
  ],
  ['PING on a stream', '§6.7', [frame(TYPE.PING, 0, 1, Buffer.alloc(8))], [connection(ERROR.PROTOCOL)]],
  ['PING of the wrong length', '§6.7', [frame(TYPE.PING, 0, 0, Buffer.alloc(7))], [connection(ERROR.FRAME_SIZE)]],
  ['GOAWAY on a stream', '§6.8', [frame(TYPE.GOAWAY, 0, 1, Buffer.alloc(8))], [connection(ERROR.PROTOCOL)]],
  [
    'a window update of 0 for the connection',
    '§6.9',
    [frame(TYPE.WINDOW, 0, 0, uint32(0))],
    [connection(ERROR.PROTOCOL)],
  ],
  [
    'a window update of 0 for a stream',
    '§6.9',
    [request(1, END_HEADERS), frame(TYPE.WINDOW, 0, 1, uint32(0))],
    [connection(ERROR.PROTOCOL), stream1(ERROR.PROTOCOL)],
  ],
  [
    'a window update of the wrong length',
    '§6.9',
    [frame(TYPE.WINDOW, 0, 0, Buffer.alloc(3))],
    [connection(ERROR.FRAME_SIZE)],
  ],
  [
    'a window update on a stream that is idle',
    '§5.1',
    [frame(TYPE.WINDOW, 0, 1, uint32(1))],
    [connection(ERROR.PROTOCOL)],
  ],
  [
    'windows of the connection beyond 2^31-1',
    '§6.9.1',
    [frame(TYPE.WINDOW, 0, 0, uint32(0x7fffffff))],
    [connection(ERROR.FLOW)],
  ],
  ['CONTINUATION on stream 0', '§6.10', [frame(TYPE.CONTINUATION, END_HEADERS, 0)], [connection(ERROR.PROTOCOL)]],
  ['CONTINUATION behind nothing', '§6.10', [frame(TYPE.CONTINUATION, END_HEADERS, 1)], [connection(ERROR.PROTOCOL)]],
  ['a name in capitals', '§8.2.1', [request(1, 5, with_(['X-A', 'b']))], [stream1(ERROR.PROTOCOL)]],
  ['the field connection', '§8.2.2', [request(1, 5, with_(['connection', 'close']))], [stream1(ERROR.PROTOCOL)]],
  [
    'the field transfer-encoding',
    '§8.2.2',
    [request(1, 5, with_(['transfer-encoding', 'chunked']))],
    [stream1(ERROR.PROTOCOL)],
  ],
  ['te that is not trailers', '§8.2.2', [request(1, 5, with_(['te', 'gzip']))], [stream1(ERROR.PROTOCOL)]],
  ['te: trailers', '§8.2.2', [request(1, 5, with_(['te', 'trailers']))], ['200']],
  ['an unknown pseudo field', '§8.3', [request(1, 5, [...GET, [':x', 'y']])], [stream1(ERROR.PROTOCOL)]],
  ['a pseudo field of answers', '§8.3', [request(1, 5, [...GET, [':status', '200']])], [stream1(ERROR.PROTOCOL)]],
  ['a pseudo field behind others', '§8.3', [request(1, 5, [['x-a', 'b'], ...GET])], [stream1(ERROR.PROTOCOL)]],
  ['no method', '§8.3.1', [request(1, 5, GET.slice(1))], [stream1(ERROR.PROTOCOL)]],
  ['two methods', '§8.3.1', [request(1, 5, [[':method', 'GET'], ...GET])], [stream1(ERROR.PROTOCOL)]],
  [
    'an empty path',
    '§8.3.1',
    [request(1, 5, [...GET.filter(([name]) => name !== ':path'), [':path', '']])],
    [stream1(ERROR.PROTOCOL)],
  ],
  ['two names of the host that differ', '§8.3.1', [request(1, 5, with_(['host', 'other']))], ['400']],
  [
    'a body shorter than its length',
    '§8.1.1',
    [request(1, END_HEADERS, with_(['content-length', '3'])), frame(TYPE.DATA, END_STREAM, 1, Buffer.of(1, 2))],
    [stream1(ERROR.PROTOCOL)],
  ],
  [
    'CONNECT, which is not served',
    '8441 §4',
    [
      request(1, END_HEADERS, [
        [':method', 'CONNECT'],
        [':authority', 'a:1'],
      ]),
    ],
    ['405'],
  ],
];

/** A case in which ours does something else: what it does, and why that is borne. */
type Difference = readonly [...(typeof FRAME_CASES)[number], outcome: string, reason: string];

/** Where nghttp2, which reads the frames, does something else than the text says. None lets anything through. */
export const DIFFERENCES: readonly Difference[] = [
  [
    'a stream id that goes back',
    '§5.1.1',
    [request(5), request(3)],
    [connection(ERROR.PROTOCOL)],
    '200',
    'A stream below the last one counts as closed, and nghttp2 drops frames on closed streams.',
  ],
  [
    'PRIORITY on stream 0',
    '§6.3',
    [frame(TYPE.PRIORITY, 0, 0, Buffer.alloc(5)), request(1)],
    [connection(ERROR.PROTOCOL)],
    '200',
    'PRIORITY is deprecated (RFC 9113 §5.3.2), and nghttp2 does not look at it.',
  ],
  [
    'a line feed in a value',
    '§8.2.1',
    [request(1, 5, with_(['x-a', 'b\nc']))],
    [stream1(ERROR.PROTOCOL)],
    '200',
    'nghttp2 drops the field, and the request is served without it.',
  ],
  [
    'a body longer than its length',
    '§8.1.1',
    [request(1, END_HEADERS, with_(['content-length', '1'])), frame(TYPE.DATA, END_STREAM, 1, Buffer.of(1, 2))],
    [stream1(ERROR.PROTOCOL)],
    connection(2),
    'Node.js ends the whole connection, with INTERNAL_ERROR: more than it need.',
  ],
];
