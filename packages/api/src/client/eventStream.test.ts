import { cutBySize, cutEverywhere } from '@roundhouse/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamParser } from './eventStream.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(chunks: Iterable<Uint8Array>): { events: string[]; lastEventId: string; retryMs: number | undefined } {
  const parser = new EventStreamParser();
  const events = [...chunks].flatMap((chunk) => parser.push(chunk));
  return { events, lastEventId: parser.lastEventId, retryMs: parser.retryMs };
}

describe('EventStreamParser', () => {
  it.each([
    ['the lines of an event', 'data: one\ndata: two\n\n', ['one\ntwo'], ''],
    ['carriage returns and line feeds', 'data: one\r\n\r\ndata: two\r\rdata: three\n\n', ['one', 'two', 'three'], ''],
    ['one blank behind the colon, and no more', 'data:one\n\ndata:  two\n\n', ['one', ' two'], ''],
    ['an event without text', 'data\n\n', [''], ''],
    ['an id that stays until the next one', 'id: 7\ndata: one\n\ndata: two\n\n', ['one', 'two'], '7'],
    ['an id without data', 'id: 8\n\n', [], '8'],
    ['an id whose event never came', 'id: 8\n\nid: 9\ndata: x\n', [], '8'],
    ['no id with a null character', 'id: 8\n\nid: 9\0\n\n', [], '8'],
    ['comments, unknown fields and an event without an end', ': hello\nevent: x\nother: y\n\ndata: lost\n', [], ''],
    ['a byte order mark', '\uFEFFdata: one\n\n', ['one'], ''],
  ])('reads %s', (_title, text, events, lastEventId) => {
    expect(read([bytesOf(text)])).toMatchObject({ events, lastEventId });
  });

  it.each([
    ['retry: 1500\n\n', 1_500],
    ['retry: soon\n\n', undefined],
    ['retry: 1\nretry: x\n\n', 1],
  ])('takes from %j that it waits %j ms', (text, retryMs) => {
    expect(read([bytesOf(text)]).retryMs).toBe(retryMs);
  });

  it('reads the same however the bytes are cut', () => {
    const bytes = bytesOf('\uFEFFretry: 20\r\nid: 1\r\ndata: {"name":"Zoë 🚂"}\r\n\r\n: alive\r\rdata: a\rdata: b\n\n');
    const whole = read([bytes]);
    expect(whole.events).toEqual(['{"name":"Zoë 🚂"}', 'a\nb']);
    for (const chunks of cutEverywhere(bytes)) expect(read(chunks)).toEqual(whole);
  });

  it('gives back what a server wrote, with any line ends and any cuts', () => {
    const line = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, ''));
    const message = fc.record({
      id: fc.stringMatching(/^[\w-]{1,8}$/),
      lines: fc.array(line, { minLength: 1, maxLength: 4 }),
    });
    const end = fc.constantFrom('\n', '\r', '\r\n');
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        end,
        fc.integer({ min: 1, max: 64 }),
        (messages, newline, size) => {
          const text = messages.map(({ id, lines }) =>
            [`id: ${id}`, ...lines.map((each) => `data: ${each}`), '', ''].join(newline),
          );
          expect(read(cutBySize(bytesOf(text.join('')), size))).toEqual({
            events: messages
              .map(({ lines }) => bytesOf(lines.join('\n')))
              .map((bytes) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)),
            lastEventId: messages.at(-1)?.id ?? '',
            retryMs: undefined,
          });
        },
      ),
    );
  });

  it('says how much it holds back', () => {
    const parser = new EventStreamParser();
    parser.push(bytesOf('data: 12345\ndata: 678'));
    expect(parser.buffered).toBe(6 + 9);
    parser.push(bytesOf('\n\n'));
    expect(parser.buffered).toBe(0);
  });
});
