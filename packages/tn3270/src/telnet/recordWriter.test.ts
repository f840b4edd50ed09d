import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecord } from './encode.ts';
import { RecordWriter } from './recordWriter.ts';

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.oneof(fc.constant(0xff), fc.integer({ min: 0, max: 255 })), { maxLength })
    .map((of) => Uint8Array.from(of));

describe('a record writer', () => {
  it('writes what the encoder writes, and never touches what it gave away', () => {
    const step = fc.array(fc.tuple(bytes(5), bytes(3_000)), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const writer = new RecordWriter();
        const taken = steps.map((records) => {
          for (const [header, body] of records) writer.put(header, body);
          return writer.take();
        });
        const wanted = steps.map((records) =>
          Buffer.concat(records.map(([header, body]) => encodeRecord(body, header))),
        );
        expect(taken.map((each) => Buffer.from(each))).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });
});
