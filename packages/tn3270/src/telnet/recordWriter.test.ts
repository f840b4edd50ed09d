import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TELNET } from './code.ts';
import { encodeRecord } from './encode.ts';
import { RecordWriter } from './recordWriter.ts';
import { encodeHeader } from './tn3270e.ts';

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.oneof(fc.constant(0xff), fc.integer({ min: 0, max: 255 })), { maxLength })
    .map((of) => Uint8Array.from(of));

/** A header and a body, and whether the body is given as it came over a line. */
const records = fc.tuple(
  fc.option(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(0xffff))),
  fc.oneof(bytes(3_000), fc.uint8Array({ max: 0xfe, maxLength: 3_000 })),
  fc.boolean(),
);

describe('a record writer', () => {
  it('writes into the same memory again once all that was in it is sent, and not before', () => {
    const writer = new RecordWriter();
    const put = (value: number) => {
      writer.put(new Uint8Array(100).fill(value));
      const gathered = writer.take();
      if (gathered === undefined) throw new Error('nothing was gathered');
      return gathered;
    };
    const first = put(1);
    const second = put(2);
    expect(second.bytes.buffer).toBe(first.bytes.buffer);
    first.sent();
    const other = new RecordWriter();
    other.put(Uint8Array.of(9));
    expect(other.take()?.bytes.buffer).not.toBe(first.bytes.buffer);
    expect([first.bytes[0], second.bytes[0]]).toEqual([1, 2]);
    second.sent();
    const third = put(3);
    expect(third.bytes.buffer).toBe(first.bytes.buffer);
    expect(third.bytes.byteOffset).toBe(0);
    expect(writer.take()).toBeUndefined();
  });

  it('writes what the encoder writes, and never touches what it gave away', () => {
    fc.assert(
      fc.property(fc.array(fc.array(records, { maxLength: 4 }), { maxLength: 6 }), (steps) => {
        const writer = new RecordWriter();
        const taken = steps.map((step) => {
          for (const [header, body, isFramed] of step) {
            if (header !== null) writer.putHeader(...header);
            if (isFramed && !body.includes(TELNET.IAC)) writer.put(framed(body), true);
            else writer.put(body);
          }
          return writer.take()?.bytes ?? new Uint8Array(0);
        });
        const wanted = steps.map((step) =>
          Buffer.concat(
            step.map(([header, body]) => encodeRecord(body, header === null ? undefined : encodeHeader(...header))),
          ),
        );
        expect(taken.map((each) => Buffer.from(each))).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });
});

/** The body with IAC EOR behind it, out of sight. */
function framed(body: Uint8Array): Uint8Array {
  return Uint8Array.of(0x5a, ...body, TELNET.IAC, TELNET.EOR).subarray(1, body.length + 1);
}
