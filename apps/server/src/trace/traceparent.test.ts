import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTraceparent, parseTraceparent, traceFields, traceHeaders } from './traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traceparent', () => {
  // The first is the example of W3C Trace Context §3.2.2.5.
  it.each([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-fe`, false],
    [`00-${TRACE}-${SPAN}-ff`, true],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, true],
  ])('reads %s', (header, isSampled) => {
    expect(parseTraceparent(header)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  });

  it.each([
    undefined,
    '',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-`,
    `00-${TRACE}-${SPAN}-01.`,
    `cc-${TRACE}-${SPAN}-01.what`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01-${'x'.repeat(1_000)}`,
    ['two', 'headers'],
  ])('takes %j for none', (header) => expect(parseTraceparent(header)).toBeUndefined());

  it('is read as it was written', () => {
    const hex = (length: number): fc.Arbitrary<string> =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
        .map((digits) => digits.join(''))
        .filter((text) => !/^0+$/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, isSampled) => {
        const context = { traceId, spanId, isSampled };
        expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
      }),
    );
  });

  it('passes on what other systems add, unless it is broken', () => {
    const header = `00-${TRACE}-${SPAN}-01`;
    expect(traceHeaders(parseTraceparent(header, 'rojo=00f067,congo=t61'))).toEqual({
      traceparent: header,
      tracestate: 'rojo=00f067,congo=t61',
    });
    for (const broken of ['', 'no member', 'a=\u0000', 'a=b\r\nx: y', `a=${'b'.repeat(600)}`, ['a=b']]) {
      expect(traceHeaders(parseTraceparent(header, broken))).toEqual({ traceparent: header });
    }
  });

  it('says nothing where there is no context', () => {
    expect(traceHeaders(undefined)).toEqual({});
    expect(traceFields(undefined)).toEqual({});
    expect(traceFields({ traceId: TRACE, spanId: SPAN, isSampled: true })).toEqual({ trace_id: TRACE, span_id: SPAN });
  });
});
