import { netError } from '@roundhouse/net';
import { httpError } from '../http/index.ts';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FrameJoiner } from './frames.ts';
import { detailsReader, loadLibrary } from './library.ts';
import { binaryMetadata, fieldsOf, type Metadata } from './metadata.ts';
import {
  failureOfStatus,
  GRPC_STATUSES,
  type GrpcFailure,
  grpcStatus,
  GrpcStatusError,
  grpcStatusOf,
  numberOf,
  readStatus,
  sendableText,
  statusOfFailure,
  statusOfHttp,
} from './status.ts';
import { formatTimeout, parseTimeout } from './timeout.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 500);
const fuzz = { numRuns: CASES };

let detailsOf: ReturnType<typeof detailsReader>;
beforeAll(async () => {
  detailsOf = detailsReader(await loadLibrary());
});

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Timeout". */
describe('grpc-timeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['99999999m', 99_999_999],
    ['5u', 0.005],
    ['5n', 0.000_005],
    ['0m', 0],
  ])('%s is %d ms', (text, ms) => expect(parseTimeout(text)).toBeCloseTo(ms, 9));

  it.each(['', '1', 'm', '-1m', '1.5S', '123456789m', '1s', ' 1m', '1m '])('%j is none', (text) =>
    expect(parseTimeout(text)).toBeUndefined(),
  );

  it.each([
    [1, '1m'],
    [0, '1m'],
    [-5, '1m'],
    [1.2, '2m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [100_000_001, '100001S'],
    [Number.MAX_SAFE_INTEGER, '99999999H'],
    [Infinity, undefined],
  ])('%d ms is written as %s', (ms, text) => expect(formatTimeout(ms)).toBe(text));

  it('never asks for less than there is', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e13, noNaN: true }), (ms) => {
        expect(parseTimeout(formatTimeout(ms) as string)).toBeGreaterThanOrEqual(ms * (1 - 1e-12));
      }),
      fuzz,
    );
  });

  it('is read or none, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const ms = parseTimeout(text);
        expect(ms === undefined || ms >= 0).toBe(true);
      }),
      fuzz,
    );
  });
});

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
}

describe('frames', () => {
  const tooLarge = (bytes: number): Error => new RangeError(`${bytes}`);

  it('come out as they went in, whatever the chunking', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat()), (all, places) => {
        const joiner = new FrameJoiner(200, tooLarge);
        const frames = cut(Buffer.concat(all.map(framed)), places).flatMap((part) => [...joiner.push(part)]);
        expect(frames.map((each) => Buffer.from(each))).toEqual(all.map(framed));
        expect(joiner.waiting).toBe(0);
      }),
      fuzz,
    );
  });

  it('of a large message are held once, byte by byte too', () => {
    const message = Buffer.alloc(300_000, 7);
    const joiner = new FrameJoiner(300_000, tooLarge);
    const frames = Array.from(framed(message), (byte) => [...joiner.push(Buffer.of(byte))]).flat();
    expect(frames).toHaveLength(1);
    expect(Buffer.from(frames[0] as Uint8Array).equals(framed(message))).toBe(true);
  });

  it('are refused by what their headers say, before they are held', () => {
    const joiner = new FrameJoiner(100, tooLarge);
    expect([...joiner.push(framed(Buffer.alloc(100)))]).toHaveLength(1);
    expect(() => [...joiner.push(Buffer.of(0, 0, 0, 0, 101))]).toThrow('101');
    const other = new FrameJoiner(100, tooLarge);
    expect([...other.push(Buffer.of(0, 0xff, 0xff))]).toEqual([]);
    expect(() => [...other.push(Buffer.of(0xff, 0xff))]).toThrow(`${2 ** 32 - 1}`);
  });

  it('or nothing else than that, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (parts) => {
        const joiner = new FrameJoiner(1_000, tooLarge);
        try {
          for (const part of parts)
            for (const frame of joiner.push(part)) expect(frame.length).toBeLessThanOrEqual(1_005);
          expect(joiner.waiting).toBeLessThanOrEqual(1_005);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      fuzz,
    );
  });
});

/** PROTOCOL-HTTP2.md, "Custom-Metadata". */
describe('metadata', () => {
  it.each([
    [{ 'x-a': 'b' }, [['x-a', 'b']]],
    [
      { 'x-a': ['b', 'c'] },
      [
        ['x-a', 'b'],
        ['x-a', 'c'],
      ],
    ],
    // Base64 without padding.
    [{ 'x-bin': Uint8Array.of(1) }, [['x-bin', 'AQ']]],
    [
      { 'x-bin': [Uint8Array.of(), Uint8Array.of(0xff, 0xfe, 0xfd)] },
      [
        ['x-bin', ''],
        ['x-bin', '//79'],
      ],
    ],
  ] as [Metadata, unknown][])('%j is sent as %j', (metadata, fields) => {
    expect(fieldsOf(metadata, 1_000)).toEqual(fields);
  });

  it.each([
    { 'X-A': 'upper case' },
    { '': 'no name' },
    { ':path': '/' },
    { 'x a': 'a space' },
    { 'grpc-timeout': '1S' },
    { te: 'trailers' },
    { 'content-type': 'text/plain' },
    { 'x-a': 'line\nbreak' },
    { 'x-a': 'ä' },
    { 'x-a': Uint8Array.of(1) },
    { 'x-bin': 'text' },
    { 'x-a': 'too large'.repeat(200) },
  ] as Metadata[])('%j is not sent', (metadata) => {
    expect(() => fieldsOf(metadata, 1_000)).toThrow(expect.objectContaining({ code: 'GRPC_METADATA_INVALID' }));
  });

  it.each([
    ['AQ', [[1]]],
    ['AQ==', [[1]]],
    ['AQ, Ag', [[1], [2]]],
    ['AQ,,Ag==', [[1], [], [2]]],
    ['!!', []],
  ])('of bytes is read: %j', (text, values) => {
    expect(binaryMetadata({ 'x-bin': text }, 'x-bin').map((each) => [...each])).toEqual(values);
    expect(binaryMetadata({}, 'x-bin')).toEqual([]);
  });

  it('of bytes comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 1 }), (values) => {
        const fields = fieldsOf({ 'x-bin': values }, 1_000_000).map(([, value]) => value);
        expect(binaryMetadata({ 'x-bin': fields.join(', ') }, 'x-bin')).toEqual(values);
      }),
      fuzz,
    );
  });

  it('of bytes is read or left out, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const value of binaryMetadata({ 'x-bin': text }, 'x-bin')) expect(value).toBeInstanceOf(Uint8Array);
      }),
      fuzz,
    );
  });
});

/**
 * Numbers and meanings: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md. UNAVAILABLE alone says that the
 * call may simply be made again; ABORTED is for a higher level, FAILED_PRECONDITION for when the state has changed.
 */
const STATUSES: readonly [number, GrpcFailure, string, boolean][] = [
  [1, 'CANCELLED', 'PEER_REFUSED', false],
  [2, 'UNKNOWN', 'PEER_REFUSED', false],
  [3, 'INVALID_ARGUMENT', 'PEER_REFUSED', false],
  [4, 'DEADLINE_EXCEEDED', 'TIMEOUT', true],
  [5, 'NOT_FOUND', 'PEER_NOT_FOUND', false],
  [6, 'ALREADY_EXISTS', 'PEER_REFUSED', false],
  [7, 'PERMISSION_DENIED', 'PEER_REFUSED', false],
  [8, 'RESOURCE_EXHAUSTED', 'PEER_REFUSED', false],
  [9, 'FAILED_PRECONDITION', 'PEER_REFUSED', false],
  [10, 'ABORTED', 'PEER_REFUSED', false],
  [11, 'OUT_OF_RANGE', 'PEER_REFUSED', false],
  [12, 'UNIMPLEMENTED', 'PEER_NOT_FOUND', false],
  [13, 'INTERNAL', 'PEER_REFUSED', false],
  [14, 'UNAVAILABLE', 'PEER_UNAVAILABLE', true],
  [15, 'DATA_LOSS', 'PEER_REFUSED', false],
  [16, 'UNAUTHENTICATED', 'PEER_LOGIN_REFUSED', false],
];

describe('a status', () => {
  it('of 0 is OK, and none is none', () => {
    expect(GRPC_STATUSES).toHaveLength(17);
    expect(numberOf('OK')).toBe(0);
    expect(readStatus({ 'grpc-status': '0' }, detailsOf)).toBeNull();
    expect(readStatus({}, detailsOf)).toBeUndefined();
  });

  it.each(STATUSES)('of %d is %s: %s, to be tried again: %s', (number, name, code, retryable) => {
    const status = readStatus({ 'grpc-status': `${number}`, 'grpc-message': 'why' }, detailsOf) as GrpcStatusError;
    expect([status.grpcStatus, status.text, numberOf(name)]).toEqual([name, 'why', number]);
    const failure = failureOfStatus(status, { peer: 'host:1', method: 'a.B/C', sent: 'all' });
    expect(failure).toMatchObject({
      code,
      retryable,
      sent: 'all',
      protocol: 'grpc',
      remote: { status: name, text: 'why' },
    });
    expect(failure.message).not.toMatch(/[{}]/);
    expect(grpcStatusOf(failure)).toBe(status);
    expect(statusOfFailure(grpcStatus(name, 'why')).grpcStatus).toBe(name);
  });

  it.each(['17', '-1', '1.0', 'x', '', '1000', ' 5'])('of %j is UNKNOWN', (code) => {
    expect(readStatus({ 'grpc-status': code }, detailsOf)?.grpcStatus).toBe('UNKNOWN');
  });

  // PROTOCOL-HTTP2.md, "Status-Message": what is not encoded as it should be is no reason to lose the text.
  it.each([
    ['plain', 'plain'],
    ['%C3%A4 %25', 'ä %'],
    ['%E', '%E'],
    ['%zz', '%zz'],
    ['%FF', '\ufffd'],
    ['100%', '100%'],
    ['x'.repeat(2_000), 'x'.repeat(1_000)],
  ])('has its text decoded: %s', (text, decoded) => {
    expect(readStatus({ 'grpc-status': '2', 'grpc-message': text }, detailsOf)?.text).toBe(decoded);
  });

  it('is read, whatever the fields are', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array().map((each) => Buffer.from(each).toString('base64')),
    );
    fc.assert(
      fc.property(text, text, text, (code, message, details) => {
        const fields = { 'grpc-status': code, 'grpc-message': message, 'grpc-status-details-bin': details };
        const status = readStatus(fields, detailsOf);
        expect(status === null || status instanceof GrpcStatusError).toBe(true);
        if (status !== null)
          expect(encodeURIComponent(sendableText((status as GrpcStatusError).text))).toBeTypeOf('string');
      }),
      fuzz,
    );
  });

  it('has its details read', () => {
    // google.rpc.Status { code: 5, details: [Any { type_url: 't/a.B', value: '\x01' }] }
    const details = Buffer.from('08051a0a0a05742f612e42120101', 'hex').toString('base64');
    const status = readStatus({ 'grpc-status': '5', 'grpc-status-details-bin': details }, detailsOf);
    expect(status?.statusDetails).toEqual([{ type: 'a.B', value: Uint8Array.of(1) }]);
  });

  // https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
  it.each([
    [400, 'INTERNAL'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'UNIMPLEMENTED'],
    [429, 'UNAVAILABLE'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'UNAVAILABLE'],
    [500, 'UNKNOWN'],
    [200, 'UNKNOWN'],
  ])('of HTTP %d is %s', (status, name) => expect(statusOfHttp(status).grpcStatus).toBe(name));

  it.each([
    [httpError('HTTP_REQUEST_INVALID', { details: { reason: 'x' } }), 'INVALID_ARGUMENT'],
    [httpError('HTTP_UNAUTHENTICATED'), 'UNAUTHENTICATED'],
    [httpError('HTTP_ROUTE_NOT_FOUND'), 'NOT_FOUND'],
    [httpError('HTTP_TOO_MANY_REQUESTS'), 'RESOURCE_EXHAUSTED'],
    [netError('DRAINING'), 'UNAVAILABLE'],
    [netError('TIMEOUT'), 'DEADLINE_EXCEEDED'],
    [netError('PERMISSION_DENIED'), 'PERMISSION_DENIED'],
    [new Error('secret'), 'INTERNAL'],
    ['secret', 'INTERNAL'],
  ])('of what a handler throws is meant for the client: %s', (error, name) => {
    const status = statusOfFailure(error);
    expect(status.grpcStatus).toBe(name);
    expect(status.text).not.toContain('secret');
  });
});
