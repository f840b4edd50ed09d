import { createScope } from '@roundhouse/core';
import type { NetServer } from '@roundhouse/net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attacker, type AttackEnd, FLOOD_BYTES, strike } from '../attack.fixture.ts';
import { connectSmtp, serveSmtp } from './index.ts';

const TIMEOUT = { timeout: 60_000 };
const scope = createScope();
let server: NetServer;

beforeAll(async () => {
  server = await serveSmtp(
    {
      hostname: 'mx.example.com',
      allowsClearAuth: true,
      timeouts: { idleMs: 1_500, requestMs: 3_000 },
      limits: { maxMessageBytes: 1_000_000, maxPerPeer: 50, maxConnections: 200 },
    },
    {
      authenticate: () => false,
      recipient: () => undefined,
      message: async ({ text }) => {
        for await (const _ of text);
        return undefined;
      },
    },
  );
});
afterAll(() => server.abort());

async function polite(): Promise<void> {
  const client = await connectSmtp(
    { host: '127.0.0.1', port: server.port, security: 'off', clientName: 'polite.example' },
    scope,
  );
  await client.send(
    { from: 'a@example.com', to: ['b@example.com'] },
    Buffer.from('Subject: x\r\n\r\nhello\r\n'),
    scope,
  );
  await client.drain();
}

const bytes = (wire: string): Buffer => Buffer.from(wire, 'latin1');
const HELLO = 'EHLO a.example\r\n';
const MAIL = `${HELLO}MAIL FROM:<a@example.com>\r\n`;
const DATA = `${MAIL}RCPT TO:<b@example.com>\r\nDATA\r\n`;

describe('a mail server limits, and serves others all the time,', () => {
  it.each<[string, (to: Attacker) => Promise<AttackEnd>, RegExp]>([
    ['a client that says nothing', (to) => to.wait(), /421 4\.4\.2 [^\r\n]*\r\n$/],
    [
      'a command that comes byte by byte',
      (to) => (to.write('EHLO '), to.drip(() => 'a', 100)),
      /421 4\.4\.2 [^\r\n]*\r\n$/,
    ],
    [
      'a command without an end',
      (to) => to.flood(() => Buffer.alloc(65_536, 'a'), FLOOD_BYTES),
      /\r\n5\d\d [^\r\n]*\r\n|^220 [^\r\n]*\r\n5\d\d /,
    ],
    [
      'commands that are none',
      (to) => to.flood(() => bytes('WHAT\r\n'.repeat(100)), FLOOD_BYTES),
      /421 4\.7\.0 [^\r\n]*\r\n$/,
    ],
    [
      'log-ins that fail',
      (to) => (to.write(HELLO), to.flood(() => bytes('AUTH PLAIN AGEAYg==\r\n'.repeat(50)), FLOOD_BYTES)),
      /421 4\.7\.0 [^\r\n]*\r\n$/,
    ],
    [
      'commands that lead to nothing',
      (to) => (to.write(HELLO), to.flood(() => bytes('NOOP\r\n'.repeat(500)), FLOOD_BYTES)),
      /421 4\.7\.0 [^\r\n]*\r\n$/,
    ],
    [
      'transactions that are begun and reset',
      (to) => (
        to.write(HELLO), to.flood(() => bytes('MAIL FROM:<a@example.com>\r\nRSET\r\n'.repeat(200)), FLOOD_BYTES)
      ),
      /421 4\.7\.0 [^\r\n]*\r\n$/,
    ],
    [
      'recipients without an end',
      (to) => (to.write(MAIL), to.flood(() => bytes('RCPT TO:<b@example.com>\r\n'.repeat(200)), FLOOD_BYTES)),
      /421 4\.7\.0 [^\r\n]*\r\n$/,
    ],
    [
      'a text without an end',
      (to) => (to.write(DATA), to.flood(() => bytes(`${'a'.repeat(70)}\r\n`.repeat(500)), FLOOD_BYTES)),
      /552 5\.3\.4 /,
    ],
    [
      'a line of text without an end',
      (to) => (to.write(DATA), to.flood(() => Buffer.alloc(65_536, 'a'), FLOOD_BYTES)),
      /5\d\d 5\./,
    ],
    ['a text that comes byte by byte', (to) => (to.write(DATA), to.drip(() => 'a', 100)), /421 4\.4\.2 [^\r\n]*\r\n$/],
    [
      'counted pieces without an end',
      (to) => (
        to.write(`${MAIL}RCPT TO:<b@example.com>\r\n`), to.flood(() => bytes('BDAT 1\r\na'.repeat(2_000)), FLOOD_BYTES)
      ),
      /250 2\.0\.0 |552 5\.3\.4 |421 4\.4\.2 /,
    ],
  ])('%s', TIMEOUT, async (_title, attack, hears) => {
    const { end, heard } = await strike(server.port, polite, attack);
    expect(heard).toMatch(hears);
    expect(end).toBe('closed');
  });

  it('answers that are not taken', TIMEOUT, async () => {
    const { end } = await strike(server.port, polite, (to) => {
      to.deafen();
      to.write(HELLO);
      return to.flood(() => bytes('HELP\r\n'.repeat(500)), FLOOD_BYTES);
    });
    expect(end).not.toBe('unlimited');
  });

  it('connections of one address', TIMEOUT, async () => {
    const { end } = await strike(server.port, polite, async (first) => {
      const more = await Promise.all(Array.from({ length: 150 }, () => Attacker.connect(server.port)));
      const turnedAway = await Promise.all(more.map((each) => each.closedWithin(1_000)));
      expect(turnedAway.filter(Boolean).length).toBeGreaterThanOrEqual(100);
      for (const each of more) each.destroy();
      return first.wait();
    });
    expect(end).toBe('closed');
  });
});
