import { describe, expect, it } from 'vitest';
import { decodeWrite, isGraphic, type WriteSink } from './decode.ts';
import { FORMAT_CONTROLS, ORDERS } from './order.ts';

/** A sink that writes down what it is told. */
function recorder(): { readonly sink: WriteSink; readonly calls: string[] } {
  const calls: string[] = [];
  const note =
    <T>(name: string, answer: T) =>
    (...args: readonly unknown[]): T => {
      calls.push([name, ...args.filter((arg) => !(arg instanceof Uint8Array))].join(' '));
      return answer;
    };
  const sink: WriteSink = {
    text: (record, start, end) => {
      let stop = start;
      while (stop < end && isGraphic(record[stop] as number)) stop++;
      calls.push(`text ${Buffer.from(record.subarray(start, stop)).toString('hex')}`);
      return stop;
    },
    nullCharacter: note('NUL', undefined),
    formatControl: note('control', undefined),
    shiftOut: note('SO', undefined),
    shiftIn: note('SI', true),
    setBufferAddress: note('SBA', true),
    insertCursor: note('IC', undefined),
    programTab: note('PT', undefined),
    startField: note('SF', undefined),
    startFieldExtended: note('SFE', undefined),
    atField: () => true,
    modifyField: note('MF', undefined),
    setAttribute: note('SA', undefined),
    repeatToAddress: note('RA', true),
    eraseUnprotectedToAddress: note('EUA', true),
    graphicEscape: note('GE', undefined),
    unknownOrder: note('unknown', undefined),
  };
  return { sink, calls };
}

function decode(bytes: readonly number[]): { calls: string[]; fault: string | undefined } {
  const { sink, calls } = recorder();
  const record = Uint8Array.from(bytes);
  const fault = decodeWrite(record, 0, record.length, sink);
  return { calls, fault: fault && `${fault.order} ${fault.reason} at ${fault.offset}` };
}

describe('decodeWrite', () => {
  it('knows each order of the table by its code', () => {
    for (const [name, { code }] of Object.entries(ORDERS)) {
      const { calls, fault } = decode([code, 0, 0, 0, 0]);
      expect(fault, name).toBeUndefined();
      expect(calls[0]?.split(' ')[0], name).toBe(name);
    }
  });

  it('knows each format control of the table by its code', () => {
    for (const [name, { code }] of Object.entries(FORMAT_CONTROLS)) {
      const own = ['NUL', 'SO', 'SI'].includes(name) ? name : `control ${code}`;
      expect(decode([code]).calls, name).toEqual([own]);
    }
  });

  it('hands every other code to the text or counts it as unknown', () => {
    const known = new Set<number>(
      [...Object.values(ORDERS), ...Object.values(FORMAT_CONTROLS)].map(({ code }) => code),
    );
    for (let code = 0; code < 256; code++) {
      if (known.has(code)) continue;
      expect(decode([code]).calls[0]).toMatch(code < 0x40 ? /^unknown/ : /^text/);
    }
  });

  it('goes on where an order ends', () => {
    expect(
      decode([0x11, 0xc1, 0x50, 0x1d, 0x60, 0xc1, 0xc2, 0x13, 0x29, 1, 0xc0, 0x40, 0x08, 0xad, 0xc3]).calls,
    ).toEqual(['SBA 80', 'SF 96', 'text c1c2', 'IC', 'SFE 10 1', 'GE 173 13', 'text c3']);
  });

  it('says which order ended too early, and where', () => {
    expect(decode([0xc1, 0x11, 0x40]).fault).toBe('SBA short at 1');
    expect(decode([0x3c, 0x40, 0x40, 0x08]).fault).toBe('RA short at 0');
  });

  it('reads nothing outside its range', () => {
    const { sink, calls } = recorder();
    const record = Uint8Array.of(0xc1, 0xc2, 0x1d, 0x60, 0xc3);
    expect(decodeWrite(record, 1, 3, sink)).toEqual({ offset: 2, order: 'SF', reason: 'short' });
    expect(calls).toEqual(['text c2']);
  });
});
