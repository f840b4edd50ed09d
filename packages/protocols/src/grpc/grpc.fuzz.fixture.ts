import assert from 'node:assert/strict';
import {
  codedOnly,
  codedOnlyLater,
  cuts,
  fuzzTarget,
  type FuzzTarget,
  piecesOf,
  textOfWords,
  wordsAndNoise,
} from '@roundhouse/testing';
import fc from 'fast-check';
import { loadServices } from './descriptors.ts';
import { echoDescriptorSet } from './echo.fixture.ts';
import { FrameJoiner } from './frames.ts';
import { detailsReader, loadLibrary } from './library.ts';
import { binaryMetadata, fieldsOf } from './metadata.ts';
import { failureOfStatus, GRPC_STATUSES, readStatus } from './status.ts';
import { formatTimeout, parseTimeout } from './timeout.ts';

const MAX_MESSAGE_BYTES = 40;
const FRAME_WORDS = [
  '\0\0\0\0\0',
  '\0\0\0\0\x03abc',
  '\x01\0\0\0\x28',
  '\0\0\0\0\x29',
  '\0\xff\xff\xff\xff',
  '\0',
  'abcdefgh',
];
const TIMEOUT_WORDS = ['0', '1', '99999999', '9', 'H', 'M', 'S', 'm', 'u', 'n', '-', '.', ' ', '+'];
const STATUS_WORDS = ['0', '1', '16', '17', '999', '1000', '-', ' ', '5', '00'];
const TEXT_WORDS = ['%', '%41', '%e2%82%ac', '%E2', '%00', '%0d%0a', '%zz', 'text', ' ', '\u00fc', 'x'.repeat(1_001)];
/** google.rpc.Status, as `grpc-status-details-bin` has it: whole, without padding, and pieces of it. */
const DETAIL_WORDS = [
  'CAUSBG5vcGU=',
  'CAUSBG5vcGUaAgoA',
  'CAUaMgou',
  'dHlwZS5nb29nbGVhcGlzLmNvbS9h',
  '=',
  '==',
  ',',
  '%',
  'A',
];
const BASE64_WORDS = ['AAEC', 'AA', 'A', '=', ',', ', ', '-_', '/+', ' ', 'é'];

class TooLarge extends Error {}

/** What a joiner makes of a stream that comes in these pieces. */
function joined(pieces: readonly Uint8Array[]): { readonly frames: Buffer; readonly isRefused: boolean } {
  const joiner = new FrameJoiner(MAX_MESSAGE_BYTES, (bytes) => {
    assert.ok(bytes > MAX_MESSAGE_BYTES);
    return new TooLarge();
  });
  const frames: Buffer[] = [];
  try {
    for (const piece of pieces) {
      for (const frame of joiner.push(piece)) {
        assert.equal(Buffer.from(frame).readUInt32BE(1), frame.length - 5);
        frames.push(Buffer.from(frame));
      }
      assert.ok(joiner.waiting < MAX_MESSAGE_BYTES + 5);
    }
    return { frames: Buffer.concat(frames), isRefused: false };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return { frames: Buffer.concat(frames), isRefused: true };
  }
}

/** A set of descriptors as `protoc` writes it, with some of its bytes others. */
const damagedDescriptors = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(echoDescriptorSet().length - 1), fc.nat(255)), { maxLength: 4 }),
    fc.option(fc.nat(echoDescriptorSet().length), { freq: 3 }),
  )
  .map(([changes, end]) => {
    const bytes = Uint8Array.from(echoDescriptorSet());
    for (const [at, value] of changes) bytes[at] = value;
    return end === null ? bytes : bytes.subarray(0, end);
  });

const detailsOf = detailsReader(await loadLibrary());
const PLACE = { peer: 'a.example:443', method: 'a.B/C', sent: 'all' } as const;

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'gRPC frames',
    'are the same however the stream is cut, as long as their headers say, and none is larger than allowed',
    fc.property(wordsAndNoise(FRAME_WORDS), cuts, (bytes, lengths) => {
      const whole = joined([bytes]);
      assert.deepEqual(joined(piecesOf(bytes, lengths)), whole);
      assert.ok(bytes.subarray(0, whole.frames.length).equals(whole.frames));
    }),
  ),
  fuzzTarget(
    'gRPC timeouts',
    'are a time from 0 on or none; what is written of one is not less',
    fc.property(textOfWords(TIMEOUT_WORDS, 6), (text) => {
      const ms = parseTimeout(text);
      if (ms === undefined) return;
      assert.ok(Number.isFinite(ms) && ms >= 0);
      const again = parseTimeout(formatTimeout(ms) ?? '');
      assert.ok(again !== undefined && again >= ms, `${text} became ${again}`);
    }),
  ),
  fuzzTarget(
    'gRPC statuses',
    'are OK, a failure that is known, or none; their text is short and well formed, and fits into an error',
    fc.property(
      fc.option(textOfWords(STATUS_WORDS, 3), { nil: undefined }),
      fc.option(textOfWords(TEXT_WORDS), { nil: undefined }),
      fc.option(textOfWords(DETAIL_WORDS, 6), { nil: undefined }),
      (status, message, details) => {
        const failure = readStatus(
          {
            ...(status !== undefined && { 'grpc-status': status }),
            ...(message !== undefined && { 'grpc-message': message }),
            ...(details !== undefined && { 'grpc-status-details-bin': details }),
          },
          detailsOf,
        );
        assert.equal(failure === undefined, status === undefined);
        if (failure === undefined || failure === null) return;
        assert.ok(GRPC_STATUSES.includes(failure.grpcStatus));
        assert.notEqual(failure.grpcStatus as string, 'OK');
        assert.ok(failure.text.length <= 1_000 && failure.text.isWellFormed());
        for (const { type, value } of failure.statusDetails) assert.ok(typeof type === 'string' && value.length >= 0);
        failureOfStatus(failure, PLACE);
      },
    ),
  ),
  fuzzTarget(
    'gRPC metadata',
    'is bytes for each value that is base64; what may be sent has no line end and its names are of HTTP',
    fc.property(
      textOfWords(BASE64_WORDS),
      textOfWords(['a', 'B', '-bin', 'grpc-', 'te', '\n', ':', '.'], 4),
      (text, name) => {
        const values = binaryMetadata({ 'a-bin': text }, 'a-bin');
        assert.ok(values.length <= text.split(',').length);
        for (const value of [text, ...values]) {
          const fields = codedOnly(() => fieldsOf({ [name]: value }, 200), ['GRPC_METADATA_INVALID']) ?? [];
          for (const [sentName, sent] of fields) {
            assert.match(sentName, /^[0-9a-z_.-]+$/);
            assert.match(sent, /^[\x20-\x7e]{0,200}$/);
          }
        }
      },
    ),
  ),
  fuzzTarget(
    'gRPC descriptors',
    'are services whose methods are found by their names, or refused with a code',
    fc.asyncProperty(fc.oneof(damagedDescriptors, fc.uint8Array({ maxLength: 60 })), async (bytes) => {
      const services = await codedOnlyLater(() => loadServices(bytes), ['GRPC_DESCRIPTORS_INVALID']);
      for (const name of services?.names ?? []) {
        for (const { name: method } of services?.service(name).methods ?? []) {
          codedOnly(() => services?.method(`${name}/${method}`), ['GRPC_METHOD_UNKNOWN']);
        }
      }
    }),
  ),
];
