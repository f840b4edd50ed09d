import type { CaseSuite, SuiteCase } from '@roundhouse/testing';
import { compressionCases } from './compressionCases.fixture.ts';
import { CONFORMANCE, type ConformanceCase } from './conformanceCases.fixture.ts';
import { type Frame, RawPeer, type Side } from './rawPeer.fixture.ts';

const KINDS: Readonly<Record<number, string>> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
};
const CLOSE = 8;
const LONGEST_SHOWN = 16;

function hash(bytes: Buffer): string {
  let sum = 0;
  for (const byte of bytes) sum = (sum * 31 + byte) | 0;
  return (sum >>> 0).toString(16);
}

function shown({ opcode, payload }: Pick<Frame, 'opcode' | 'payload'>): string {
  const { length } = payload;
  const content =
    length === 0
      ? ''
      : length <= LONGEST_SHOWN
        ? ` ${payload.toString('hex')}`
        : ` of ${length} bytes, ${hash(payload)}`;
  return `${KINDS[opcode] ?? opcode}${content}`;
}

/** Control frames may come between data frames (RFC 6455 §5.4): each kind keeps its order, and control goes first. */
function outcomeOf(frames: readonly Pick<Frame, 'opcode' | 'payload'>[], close: number | 'none' | undefined): string {
  const isControl = ({ opcode }: Pick<Frame, 'opcode'>): boolean => opcode >= CLOSE;
  const ordered = [...frames.filter(isControl), ...frames.filter((each) => !isControl(each))].map(shown);
  const end = close === undefined ? 'open' : close === 'none' ? 'closed without a code' : `closed with ${close}`;
  return [...ordered, end].join('; ');
}

async function play({ send, pieceBytes, frames, close }: ConformanceCase, side: Side): Promise<string> {
  await using peer = await RawPeer.open(side);
  const bytes = send(side);
  if (pieceBytes === undefined) peer.send(...bytes);
  else await peer.sendInPieces(Buffer.concat(bytes), pieceBytes);
  const count = frames.length + (close === undefined ? 0 : 1);
  await peer.quiet(() => close === undefined && frames.length > 0 && peer.frames.length >= count);
  const last = peer.frames.at(-1);
  if (last?.opcode !== CLOSE) return outcomeOf(peer.frames, undefined) + (peer.isEnded ? ', and cut' : '');
  const code = last.payload.length === 0 ? 'none' : last.payload.readUInt16BE(0);
  return outcomeOf(peer.frames.slice(0, -1), code) + (peer.isEnded ? '' : ', and not ended');
}

const LENIENT =
  'The length is read as it stands, as browsers do; nothing is hidden by it, since it says how long the frame is.';

function caseOf(each: ConformanceCase, side: Side): SuiteCase {
  const frames = each.frames.map(([opcode, payload]) => ({ opcode, payload: Buffer.from(payload as string) }));
  const expected = outcomeOf(frames, each.close);
  return {
    title: `${each.id} ${each.what}`,
    source: `RFC 6455 ${each.section}`,
    ...(each.isLenient === true
      ? { allowed: [outcomeOf([], 1002)], deviation: { outcome: expected, reason: LENIENT } }
      : { allowed: [expected] }),
    run: () => play(each, side),
  };
}

function framing(side: Side): CaseSuite {
  return {
    name: `websocket-${side}`,
    title: `WebSocket, our ${side}`,
    about:
      'Framing, fragments, control frames, closing, UTF-8 and sizes, after the list of the Autobahn suite (its numbers stand before the titles; `own` are those that it has not). A peer of bytes plays the other side; ours echoes.',
    cases: CONFORMANCE.map((each) => caseOf(each, side)),
  };
}

function compression(side: Side): CaseSuite {
  return {
    name: `websocket-compression-${side}`,
    title: `WebSocket compression, our ${side}`,
    about:
      'permessage-deflate: each message is sent five times and inflated by zlib again, at ten sizes, for three agreements and two kinds of data; then what must be refused.',
    cases: compressionCases(side),
  };
}

const SIDES: readonly Side[] = ['server', 'client'];

export const SUITES: readonly CaseSuite[] = [...SIDES.map(framing), ...SIDES.map(compression)];
