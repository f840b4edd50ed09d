import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from './canonical.ts';
import { matchesDigest, saltedDigest } from './digest.ts';
import { checkEntry, draftOf, MAX_RECORD_BYTES, type Stamp } from './draft.ts';
import { entryOf } from './entry.fixture.ts';
import type { AuditEntry } from './entry.ts';
import { createMask } from './mask.ts';

const STAMP: Stamp = {
  id: '01J0000000000000000000000A',
  time: '2026-01-01T00:00:00.000Z',
  boot: 'b',
  monotonicMs: 1.5,
};
const mask = createMask();
/** Six bytes of JSON. */
const CONTROL = '\u0001';
const repeated = ([text, times]: readonly (string | number)[]): string => String(text).repeat(Number(times));

describe('checkEntry', () => {
  it.each<[string, object]>([
    ['class', { class: 'other' }],
    ['action', { action: 'Session Create' }],
    ['action', { action: 'create' }],
    ['code', { code: 'RHA-1' }],
    ['phase', { phase: 'begun' }],
    ['outcome', { outcome: 'ok' }],
    ['actor.type', { actor: undefined }],
    ['actor.id', { actor: { type: 'system', authentication: 'none' } }],
    ['classification', { classification: 'secret' }],
    ['before', { before: 'md5:0' }],
    ['resource.id', { resource: { kind: 'session' } }],
    ['reason', { reason: 7 }],
    ['subject', { personal: { name: 'Ada' } }],
    ['personal.Full Name', { subject: 'p', personal: { 'Full Name': 'Ada' } }],
    ['personal.name', { subject: 'p', personal: { name: 'x'.repeat(5_000) } }],
  ])('refuses a wrong %s', (field, changes) => {
    expect(() => checkEntry({ ...entryOf(), ...changes } as AuditEntry)).toThrow(
      expect.objectContaining({ code: 'AUDIT_ENTRY_INVALID', details: expect.objectContaining({ field }) }),
    );
  });

  it('takes a complete entry', () => {
    checkEntry(entryOf({ subject: 'p-1', personal: { name: 'Ada' } }));
  });
});

describe('draftOf', () => {
  it('is canonical with the number in its place, and says the same as a record', () => {
    const entry = entryOf({
      session_id: 's',
      host: 'h',
      trace_id: 't',
      reason: 'r',
      before: 'sha256:0123456789abcdef',
    });
    const draft = draftOf(entry, STAMP, mask);
    expect(draft.text(12)).toBe(canonicalJson(draft.record(12) as unknown as JsonValue));
    expect(JSON.parse(draft.text(12))).toEqual(draft.record(12));
    expect(draft.record(12)).toMatchObject({ v: 1, seq: 12, id: STAMP.id, monotonic_ms: 1.5, actor: { id: 'ada' } });
  });

  it('masks every text, not the details alone', () => {
    const card = '4111111111111111';
    const entry = entryOf({
      host: card,
      reason: card,
      actor: { type: 'principal', id: card, authentication: 'none', on_behalf_of: card },
      resource: { kind: card, id: card },
      source: { address: card },
      subject: card,
      session_id: card,
      details: { note: card },
    });
    expect(draftOf(entry, STAMP, mask).text(0)).not.toContain(card);
  });

  it('tells details that are too large by digest and size', () => {
    const { details, truncated } = draftOf(entryOf({ details: { text: 'x'.repeat(70_000) } }), STAMP, mask).record(0);
    expect(truncated).toBe(true);
    expect(details).toEqual({ bytes: 70_011, digest: expect.stringMatching(/^sha256:[\w-]{43}$/) as string });
  });

  it('is never longer than the bound, whatever its texts are', () => {
    const long = fc.constantFrom(
      ...[
        ['x', 9_999],
        [CONTROL, 9_999],
        ['\u{1F600}', 5_000],
        ['"', 9_999],
      ].map(repeated),
    );
    fc.assert(
      fc.property(long, long, (a, b) => {
        const entry = entryOf({
          reason: a,
          host: b,
          session_id: a,
          request_id: b,
          trace_id: a,
          subject: b,
          resource: { kind: a, id: b },
          source: { address: a },
          actor: { type: 'system', id: a, authentication: 'none', on_behalf_of: b },
          details: { a: a.slice(0, 3_000), b: b.slice(0, 3_000) },
        });
        const text = draftOf(entry, STAMP, mask).text(Number.MAX_SAFE_INTEGER);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_RECORD_BYTES);
        expect(JSON.parse(text)).toBeTypeOf('object');
      }),
      { numRuns: 20 },
    );
  });
});

describe('saltedDigest', () => {
  it('matches the value it is of, in any order of keys, and no other', () => {
    const digest = saltedDigest({ a: 1, b: [2] }, randomBytes);
    expect(matchesDigest(digest, { b: [2], a: 1 })).toBe(true);
    expect(matchesDigest(digest, { a: 1, b: [3] })).toBe(false);
    expect(matchesDigest('sha256:nothing', { a: 1 })).toBe(false);
  });

  it('is another one each time', () => {
    expect(saltedDigest('yes', randomBytes)).not.toBe(saltedDigest('yes', randomBytes));
  });
});
