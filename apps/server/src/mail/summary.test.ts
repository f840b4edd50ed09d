import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventFault } from '../event/catalogue.ts';
import { makeEvent } from '../event/record.ts';
import { HeadReader, summaryOf } from './summary.ts';

const PEER = { peer: '[::1]:4711', tls: null };
const recipient = (address: string) => ({ address, notify: [], originalRecipient: undefined });

async function summaryFrom(chunks: readonly Uint8Array[], to: readonly string[] = ['ops@a.example']) {
  const reader = new HeadReader();
  const seen = await Array.fromAsync(reader.through(pieces(chunks)));
  const recipients = to.map(recipient) as never;
  const sender = { address: 'zos1@host.example' } as never;
  return { seen, summary: await summaryOf({ sender, recipients }, PEER, reader, 'f1') };
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const TEXT = [
  'From: Zos One <zos1@host.example>',
  'Subject: =?utf-8?q?JOB_abgebrochen=3A_=C3=BCber?=',
  'Message-ID: <1@host.example>',
  '',
  'Subject: in the body',
  'secret body',
  '',
].join('\r\n');

describe('what an event tells of a message', () => {
  it('is its envelope, its headers and its size, however it was cut, and never its body', async () => {
    const bytes = Buffer.from(TEXT);
    const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const places = [0, ...at.toSorted((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        const { seen, summary } = await summaryFrom(chunks);
        expect(Buffer.concat(seen).equals(bytes)).toBe(true);
        expect(summary).toEqual({
          from: 'zos1@host.example',
          to: ['ops@a.example'],
          header_from: 'zos1@host.example',
          subject: 'JOB abgebrochen: über',
          message_id: '<1@host.example>',
          bytes: bytes.length,
          address: '::1',
          tls: false,
          file: 'f1',
        });
      }),
      { numRuns: 50 },
    );
  });

  it('is in one line and bounded, whatever a stranger writes', async () => {
    const hostile = `Subject: =?utf-8?q?a=0D=0Ab=1B[2J=E2=80=AE?=${'x'.repeat(5_000)}\r\n\r\n`;
    const { summary } = await summaryFrom([Buffer.from(hostile)]);
    expect(summary.subject).toMatch(/^a b? ?/);
    expect(summary.subject).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(summary.subject?.length).toBeLessThanOrEqual(320);
  });

  it.each([
    ['nothing', ''],
    ['no header', '\r\nbody\r\n'],
    ['bytes', '\u0000\u00ff\u0080'],
    ['headers without an end', `X: ${'y'.repeat(200_000)}`],
  ])('is there for %s as well', async (_what, text) => {
    const { summary } = await summaryFrom([Buffer.from(text, 'latin1')]);
    expect(summary).toMatchObject({ from: 'zos1@host.example', message_id: null });
  });

  it('is an event of the catalogue that is never too large, with as many recipients as there may be', async () => {
    const many = Array.from({ length: 100 }, (_, at) => `${String(at).padEnd(60, 'ü')}@${'d'.repeat(180)}.example`);
    const { summary } = await summaryFrom([Buffer.from(TEXT)], many);
    const place = { sequence: 1, at: 0, source: '/roundhouse' };
    const event = makeEvent({ type: 'mail.received', subject: 'n', data: { ...summary } }, place);
    expect(event.data).not.toHaveProperty('truncated');
    expect(eventFault(event)).toBeUndefined();
  });
});
