import { readRecord, suiteTests } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { RECORDS } from '../conformance.fixture.ts';
import { RawPeer, type Side } from './rawPeer.fixture.ts';
import { SUITES } from './websocket.suite.fixture.ts';

const SIDES: readonly Side[] = ['server', 'client'];

describe.each(SUITES)('$title', (suite) => {
  for (const { title, run } of suiteTests(suite, readRecord(RECORDS, suite.name))) it(title, run);
});

describe('an offer of compression to our server (RFC 7692 §7.1)', () => {
  it.each([
    [
      'permessage-deflate',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    ],
    [
      'permessage-deflate; server_max_window_bits=10',
      'permessage-deflate; server_max_window_bits=10; server_no_context_takeover; client_no_context_takeover',
    ],
    [
      'permessage-deflate; unknown=1, permessage-deflate',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    ],
    [
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; client_max_window_bits=12; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    ],
    ['permessage-deflate; server_max_window_bits=8', undefined],
    ['permessage-deflate; server_max_window_bits=16', undefined],
    ['permessage-deflate; server_max_window_bits=10; server_max_window_bits=10', undefined],
    ['x-webkit-deflate-frame', undefined],
  ])('%s is answered as it should', async (extensions, answer) => {
    await using peer = await RawPeer.open('server', { compression: {}, extensions });
    expect(/^Sec-WebSocket-Extensions: (.*)\r$/m.exec(peer.head)?.[1]).toBe(answer);
  });

  it('that is not well formed is refused', async () => {
    await using peer = await RawPeer.open('server', { compression: {}, extensions: 'permessage-deflate; =' });
    expect(peer.head).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe.each(SIDES)('our %s with a peer that is dead', (side) => {
  it('asks after half of the time, and leaves after all of it', async () => {
    await using peer = await RawPeer.open(side);
    await peer.clock.advance(29_999);
    expect(peer.frames).toEqual([]);
    await peer.clock.advance(1);
    await peer.quiet();
    expect(peer.frames.map(({ opcode }) => opcode)).toEqual([9]);
    await peer.clock.advance(29_999);
    expect(peer.isEnded).toBe(false);
    await peer.clock.advance(1);
    await peer.quiet();
    expect(peer.isEnded).toBe(true);
  });
});
