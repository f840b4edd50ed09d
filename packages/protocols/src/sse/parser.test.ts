import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEvent } from './event.ts';
import { EventStreamParser, type EventStreamItem } from './parser.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 300);
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const message = (data: string, lastEventId = '', event = 'message'): EventStreamItem => ({
  type: 'event',
  event: { event, data, lastEventId },
});

describe('a stream of events is read', () => {
  // The first five are the examples of the HTML Standard, §9.2.6.
  it.each<[string, string, EventStreamItem[]]>([
    ['lines are joined', 'data: YHOO\ndata: +2\ndata: 10\n\n', [message('YHOO\n+2\n10')]],
    [
      'comment, id, an id that is reset, a space that is kept',
      ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n',
      [message('first event', '1'), message('second event'), message(' third event')],
    ],
    ['empty data, and an event that the end cuts', 'data\n\ndata\ndata\n\ndata:', [message(''), message('\n')]],
    ['a space behind the colon or none', 'data:test\n\ndata: test\n\n', [message('test'), message('test')]],
    [
      'a name',
      'event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n',
      [message('73857293', '', 'add'), message('2153', '', 'remove')],
    ],
    ['line ends of all kinds', 'data: a\r\ndata: b\rdata: c\n\r\n', [message('a\nb\nc')]],
    ['a byte order mark', '\uFEFFdata: a\n\n', [message('a')]],
    ['only one of them', '\uFEFF\uFEFFdata: a\n\ndata: b\n\n', [message('b')]],
    ['an event without data is none, but its id counts', 'id: 7\nevent: x\n\ndata: a\n\n', [message('a', '7')]],
    ['an id with NUL is ignored', 'id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n', [message('a', '1'), message('b', '1')]],
    ['digits alone are a time', 'retry: 500\nretry: 5x\nretry:\n\n', [{ type: 'retry', retryMs: 500 }]],
    ['unknown fields are ignored', 'datas: x\nDATA: y\nnothing\n\n', []],
  ])('%s', (_title, text, expected) => {
    expect(new EventStreamParser().push(utf8(text))).toEqual(expected);
  });

  it('without failing, whatever the bytes are, and within its bound', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const item of new EventStreamParser({ maxLength: 50 }).push(bytes) ?? []) {
          if (item.type === 'event') expect(item.event.data.length).toBeLessThanOrEqual(50);
        }
      }),
      { numRuns: CASES },
    );
    const parser = new EventStreamParser({ maxLength: 50 });
    expect(parser.push(utf8('x'.repeat(51)))).toBeUndefined();
    expect(new EventStreamParser({ maxLength: 50 }).push(utf8('data: 1234567890\n'.repeat(6)))).toBeUndefined();
  });

  it('as it was sent', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (data, id) => {
        fc.pre(!/[\0\r\n]/.test(id) && !id.includes('\uFEFF'));
        const [item] = new EventStreamParser().push(utf8(formatEvent({ data, id, event: 'x' }))) ?? [];
        expect(item).toEqual(message(utf8Text(data), utf8Text(id), 'x'));
      }),
      { numRuns: CASES },
    );
  });
});

/** As UTF-8 carries it, with line feeds for all line ends. */
function utf8Text(text: string): string {
  return text.toWellFormed().replaceAll(/\r\n|\r/g, '\n');
}
