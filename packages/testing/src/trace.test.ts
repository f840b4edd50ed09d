import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameRecord } from './telnet.ts';
import { bytesOf, joinBytes, parseTrace, splitRecords } from './trace.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('parseTrace', () => {
  it('joins the lines of one side until the other side speaks', () => {
    const trace = parseTrace('< 0x0   fffd28\n> 0x0   fffb\n> 0x2   28\n< 0x0   fffa28\n< 0x20  0802fff0\n');
    expect(trace.groups).toEqual([
      { direction: '<', bytes: hex('fffd28') },
      { direction: '>', bytes: hex('fffb28') },
      { direction: '<', bytes: hex('fffa280802fff0') },
    ]);
    expect(bytesOf(trace, '<')).toEqual(hex('fffd28 fffa280802fff0'));
    expect(bytesOf(trace, '>')).toEqual(hex('fffb28'));
  });

  it('skips the free text of a full trace file and reads its header', () => {
    const trace = parseTrace(
      [
        'Trace started Mon Jun 29 10:43:29 2009',
        ' Model 3279-4-E, 43 rows x 80 cols, color display, extended data stream, color emulation, bracket charset',
        ' Host codepage: 833+834',
        '20240101.101010.001 Data stream:',
        '< 0x0   FFFD28',
        'RCVD DO TN3270E',
        'SENT WILL TN3270E',
        '+',
        '<.. 0x3  not a data line',
        '< 0x3   0x',
        '> 0x0   fffb28',
      ].join('\r\n'),
    );
    expect(trace.header).toEqual({ model: '3279-4-E', hostCodePage: '833+834' });
    expect(trace.groups.map(({ direction }) => direction)).toEqual(['<', '>']);
    expect(bytesOf(trace, '<')).toEqual(hex('fffd28'));
  });

  it('reads the size from the comments of a generated trace', () => {
    expect(parseTrace('// rows 27\n// columns 132\n< 0x0 00').header).toEqual({ rows: 27, columns: 132 });
  });

  it('reads nothing from a text without data lines', () => {
    expect(parseTrace('')).toEqual({ header: {}, groups: [] });
  });
});

describe('splitRecords', () => {
  it('ends a record at IAC EOR and leaves negotiation with the record it precedes', () => {
    expect(splitRecords(hex('fffd28 f5c3c1 ffef f1c2 ffef'))).toEqual([hex('fffd28f5c3c1ffef'), hex('f1c2ffef')]);
  });

  it('takes a doubled IAC before EF for data', () => {
    expect(splitRecords(hex('f5 ffff ef c1 ffef'))).toEqual([hex('f5ffffefc1ffef')]);
  });

  it('makes a last record of what follows the last IAC EOR', () => {
    expect(splitRecords(hex('f1ffef fffd06'))).toEqual([hex('f1ffef'), hex('fffd06')]);
    expect(splitRecords(hex('f1ffef ff'))).toEqual([hex('f1ffef'), hex('ff')]);
    expect(splitRecords(hex(''))).toEqual([]);
  });

  it('finds again the records that were framed, and loses no byte', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 12 })), (payloads) => {
        const framed = payloads.map(frameRecord);
        expect(splitRecords(joinBytes(framed))).toEqual(framed);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (stream) => {
        expect(joinBytes(splitRecords(stream))).toEqual(stream);
      }),
    );
  });
});
