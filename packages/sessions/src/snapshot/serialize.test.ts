import { deflateRawSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { FakeClock, FakeSession } from '@roundhouse/testing';
import {
  CELL_CHARSET,
  CHARSET_SHIFT,
  FIELD,
  FIELD_ATTRIBUTE,
  MAX_CELLS,
  Screen,
  type ScreenSize,
} from '@roundhouse/tn3270';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packWords } from './packed.ts';
import { parseSnapshot, serializeSnapshot } from './serialize.ts';
import { restoreScreen, type Snapshot, type SnapshotSource, takeSnapshot } from './snapshot.ts';

const clock = new FakeClock();
const key = Buffer.alloc(32, 7);
const otherKey = Buffer.alloc(32, 8);

function sourceOf(screen: Screen): SnapshotSource {
  const { model, codePage } = new FakeSession();
  return { screen, model, codePage, lockReason: 'twait', connectionState: 'connected-3270', lu: 'LU1', pluName: '' };
}

/** A nondisplay input with SESAME, a displayed one with JOE, an NVT character. */
function source(): SnapshotSource {
  const fake = new FakeSession();
  fake.hostSetsField(2, 10, FIELD_ATTRIBUTE.Nondisplay);
  fake.hostWrites(2, 11, 'SESAME');
  fake.hostSetsField(2, 19, 0);
  fake.hostWrites(3, 1, 'JOE');
  fake.screen.setUnicode(300, 0x1f600, 0);
  return sourceOf(fake.screen);
}

const masked = takeSnapshot(source(), { clock, journalPosition: 3, metadata: { b: '', a: 'é\u2028"' } });
const kept = takeSnapshot(source(), { clock, hidden: 'kept' });

function refusalOf(work: () => unknown): RoundhouseError {
  try {
    work();
  } catch (error) {
    if (isRoundhouseError(error)) return error;
  }
  throw new Error('not refused');
}

const codeOf = (text: unknown, options?: { key: Uint8Array }): string =>
  refusalOf(() => parseSnapshot(text, options)).code;

/** The JSON with some members changed and a digest that fits again: what anyone without the key can do. */
function forged(changes: object): object {
  const { integrity: _, ...content } = { ...JSON.parse(serializeSnapshot(masked)), ...changes };
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return { ...content, integrity: { algorithm: 'sha256', digest } };
}

/** What `unicodeAt` says of each cell. */
const planeOf = (screen: Screen): Int32Array => screen.cells.map((_, at) => screen.unicodeAt(at));

function expectSame(restored: Screen, screen: Screen): void {
  expect([restored.rows, restored.columns, restored.cursor]).toEqual([screen.rows, screen.columns, screen.cursor]);
  expect(restored.cells).toEqual(screen.cells);
  expect(restored.fieldStarts).toEqual(screen.fieldStarts);
  expect(planeOf(restored)).toEqual(planeOf(screen));
}

const sizes: fc.Arbitrary<ScreenSize> = fc.oneof(
  fc.record({ rows: fc.integer({ min: 1, max: 12 }), columns: fc.integer({ min: 1, max: 40 }) }),
  fc.constantFrom({ rows: 24, columns: 80 }, { rows: 27, columns: 132 }, { rows: 1, columns: MAX_CELLS }),
);

/** Screens with any cell, attribute and character, drawn over each other in any order. */
const screens: fc.Arbitrary<Screen> = fc
  .tuple(
    sizes,
    fc.nat(),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.oneof(
          fc.integer({ min: 0, max: 0x7fff_ffff }),
          fc.integer({ min: 0, max: 0x3f }).map((bits) => FIELD | FIELD_ATTRIBUTE.Printable | bits),
          fc.integer({ min: 1, max: 0x10ffff }).filter((each) => each < 0xd800 || each > 0xdfff),
        ),
        fc.constantFrom('3270', 'nvt'),
      ),
      { maxLength: 200 },
    ),
  )
  .map(([size, cursor, writes]) => {
    const screen = new Screen(size);
    for (const [at, word, kind] of writes) {
      const address = at % screen.size;
      if (kind === 'nvt' && word > 0) screen.setUnicode(address, (word % 0xd7ff) + 1, word);
      else screen.cells[address] = word;
    }
    screen.moveCursor(cursor % screen.size);
    screen.changed(true);
    return screen;
  });

describe('serialised and parsed', () => {
  it('every screen is the same, hidden text under a key', () => {
    fc.assert(
      fc.property(screens, (screen) => {
        const snapshot = takeSnapshot(sourceOf(screen), { clock, hidden: 'kept' });
        const back = parseSnapshot(serializeSnapshot(snapshot, { key, hidden: 'kept' }), { key });
        expect(back).toEqual(snapshot);
        expectSame(restoreScreen(back), screen);
      }),
      { numRuns: 60 },
    );
  });

  it('every screen is the same without a key but for hidden text, of which nothing is left', () => {
    fc.assert(
      fc.property(screens, (screen) => {
        const back = parseSnapshot(serializeSnapshot(takeSnapshot(sourceOf(screen), { clock, hidden: 'kept' })));
        const restored = restoreScreen(back);
        const isHidden = (at: number): boolean =>
          (screen.cells[at] as number) >= 0 &&
          (screen.attributeAt(at) & FIELD_ATTRIBUTE.DisplayMask) === FIELD_ATTRIBUTE.Nondisplay;
        expect(restored.cells).toEqual(screen.cells.map((cell, at) => (isHidden(at) ? 0 : cell)));
        expect(planeOf(restored)).toEqual(planeOf(screen).map((drawn, at) => (isHidden(at) ? 0 : drawn)));
        expect(back.hidden).toBe('masked');
      }),
      { numRuns: 60 },
    );
  });

  it('it is the same from text and from JSON, all of its facts', () => {
    const text = serializeSnapshot(masked);
    expect(parseSnapshot(text)).toEqual(masked);
    expect(parseSnapshot(JSON.parse(text))).toEqual(masked);
  });

  it('screens that differ in hidden text alone are written alike, digest included', () => {
    const other = new FakeSession();
    const screen = restoreScreen(kept);
    screen.cells.set([0xc1, 0xc2, 0xc3, 0, 0, 0], 90);
    const twin = takeSnapshot({ ...sourceOf(screen), codePage: other.codePage }, { clock, hidden: 'kept' });
    expect(twin.cells).not.toEqual(kept.cells);
    expect(serializeSnapshot(twin)).toBe(serializeSnapshot(kept));
  });

  it('the form is the one that is documented', () => {
    const { cells: _c, unicode: _u, integrity, ...rest } = JSON.parse(serializeSnapshot(masked));
    expect(rest).toEqual({
      format: 'roundhouse-snapshot',
      version: 1,
      taken_at: '2026-01-01T00:00:00.000Z',
      hidden: 'masked',
      rows: 24,
      columns: 80,
      cursor: 0,
      lock_reason: 'twait',
      connection_state: 'connected-3270',
      model: '3279-2-E',
      code_page: '037',
      lu: 'LU1',
      plu_name: '',
      journal_position: 3,
      metadata: { a: 'é\u2028"', b: '' },
    });
    expect(integrity).toEqual({ algorithm: 'sha256', digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});

describe('a snapshot is refused', () => {
  it.each([
    ['without a key', serializeSnapshot(masked), {}],
    ['under a key', serializeSnapshot(kept, { key, hidden: 'kept' }), { key }],
  ])('when any byte of it was changed (%s)', (_how, text, options) => {
    const bytes = Buffer.from(text);
    const refusals = new Set(['SNAPSHOT_TAMPERED', 'SNAPSHOT_MALFORMED', 'SNAPSHOT_KEY_REQUIRED']);
    // The version may grow to a newer one.
    refusals.add('SNAPSHOT_VERSION_UNSUPPORTED');
    bytes.forEach((byte, at) => {
      for (const changed of [byte ^ 0x01, byte ^ 0x20]) {
        bytes[at] = changed;
        expect(refusals).toContain(codeOf(bytes.toString('utf8'), options as { key: Uint8Array }));
      }
      bytes[at] = byte;
    });
    parseSnapshot(bytes.toString('utf8'), options);
  });

  it.each<[string, unknown]>([
    ['taken_at', '2026-01-01T00:00:00.001Z'],
    ['rows', 80],
    ['cursor', 1],
    ['hidden', 'kept'],
    ['lock_reason', null],
    ['connection_state', 'connected-nvt'],
    ['model', '3278-2'],
    ['code_page', '1047'],
    ['lu', 'LU2'],
    ['plu_name', null],
    ['journal_position', 4],
    ['metadata', { a: 'é\u2028"' }],
    ['cells', packWords(new Int32Array(1920))],
    ['unicode', null],
  ])('when %s is another that would do', (member, value) => {
    const changed: Record<string, unknown> = { ...JSON.parse(serializeSnapshot(masked, { key })), [member]: value };
    if (member === 'rows') changed['columns'] = 24;
    expect(codeOf(changed, { key })).toBe('SNAPSHOT_TAMPERED');
  });

  it.each(Object.keys(JSON.parse(serializeSnapshot(masked))))('when %s is missing', (member) => {
    const changed = JSON.parse(serializeSnapshot(masked));
    delete changed[member];
    expect(refusalOf(() => parseSnapshot(changed))).toMatchObject({ code: 'SNAPSHOT_MALFORMED' });
  });

  it.each(Object.keys(JSON.parse(serializeSnapshot(masked))))('when %s is of another kind', (member) => {
    const changed = { ...JSON.parse(serializeSnapshot(masked)), [member]: [1] };
    const error = refusalOf(() => parseSnapshot(changed));
    expect(error).toMatchObject({ code: 'SNAPSHOT_MALFORMED', details: { path: `snapshot.${member}` } });
  });

  it('when it is newer, whatever else it has by then', () => {
    const newer = { format: 'roundhouse-snapshot', version: 2, pages: [] };
    expect(refusalOf(() => parseSnapshot(newer))).toMatchObject({
      code: 'SNAPSHOT_VERSION_UNSUPPORTED',
      details: { version: 2, supported: 1 },
    });
  });

  it.each<[string, unknown]>([
    ['empty text', ''],
    ['no JSON', '{'],
    ['half a snapshot', serializeSnapshot(masked).slice(0, -1)],
    ['endless text', ' '.repeat(600_000)],
    ['null', null],
    ['a list', '[]'],
    ['another format', { format: 'png', version: 1 }],
    ['an unknown member', { ...JSON.parse(serializeSnapshot(masked)), comment: '' }],
  ])('when it is %s', (_what, text) => {
    expect(codeOf(text)).toBe('SNAPSHOT_MALFORMED');
  });

  const nvtCells = packWords(new Int32Array(1920).fill(CELL_CHARSET.Dbcs << CHARSET_SHIFT));

  it.each<[string, object]>([
    ['too few cells', { cells: packWords(new Int32Array(1919)) }],
    ['too many cells', { cells: packWords(new Int32Array(1921)) }],
    ['a bomb', { cells: deflateRawSync(Buffer.alloc(50_000_000)).toString('base64').slice(0, 98_304) }],
    ['cells that are no deflate stream', { cells: '////' }],
    ['characters beyond Unicode', { cells: nvtCells, unicode: packWords(new Int32Array(1920).fill(0x11_0000)) }],
    ['surrogates', { cells: nvtCells, unicode: packWords(new Int32Array(1920).fill(0xd800)) }],
    ['characters where there are none', { unicode: packWords(new Int32Array(1920).fill(0x41)) }],
    ['hidden text under the name of a mask', { cells: packWords(kept.cells) }],
    ['a cursor off the screen', { cursor: 1920 }],
    ['a screen beyond any display', { rows: 128, columns: 129 }],
    ['a time in another form', { taken_at: '2026-01-01T00:00:00Z' }],
    ['an unknown code page', { code_page: '999' }],
    ['an alias of a code page', { code_page: 'cp037' }],
    ['a negative journal position', { journal_position: -1 }],
    ['too much metadata', { metadata: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`k${at}`, ''])) }],
  ])('when it was forged with %s', (_what, changes) => {
    expect(codeOf(forged(changes))).toBe('SNAPSHOT_MALFORMED');
  });

  it('only under a key when it was forged without a fault', () => {
    expect(parseSnapshot(forged({ cursor: 5 })).cursor).toBe(5);
    expect(
      parseSnapshot(forged({ cells: nvtCells, unicode: packWords(new Int32Array(1920).fill(0x41)) })).unicode?.[7],
    ).toBe(0x41);
    expect(codeOf(forged({ cursor: 5 }), { key })).toBe('SNAPSHOT_TAMPERED');
  });
});

describe('a key', () => {
  const signed = serializeSnapshot(masked, { key });

  it('keeps out who has another, none, or leaves it out', () => {
    expect(parseSnapshot(signed, { key })).toEqual(masked);
    expect(codeOf(signed, { key: otherKey })).toBe('SNAPSHOT_TAMPERED');
    expect(codeOf(signed)).toBe('SNAPSHOT_KEY_REQUIRED');
    expect(refusalOf(() => parseSnapshot(serializeSnapshot(masked), { key }))).toMatchObject({
      code: 'SNAPSHOT_TAMPERED',
      details: { reason: 'it was not written under a key' },
    });
  });

  it('is wanted wherever hidden text is kept', () => {
    expect(refusalOf(() => serializeSnapshot(kept, { hidden: 'kept' })).code).toBe('SNAPSHOT_KEY_REQUIRED');
    expect(codeOf(forged({ hidden: 'kept', cells: packWords(kept.cells) }))).toBe('SNAPSHOT_KEY_REQUIRED');
    expect(parseSnapshot(serializeSnapshot(kept, { key, hidden: 'kept' }), { key })).toEqual(kept);
  });

  it('must be as long as the digest', () => {
    const short = Buffer.alloc(31);
    expect(refusalOf(() => serializeSnapshot(masked, { key: short })).code).toBe('SNAPSHOT_KEY_REQUIRED');
    expect(codeOf(signed, { key: short })).toBe('SNAPSHOT_KEY_REQUIRED');
  });
});

it('what could not be read back is not written', () => {
  const long: Snapshot = { ...masked, metadata: { note: 'x'.repeat(1_025) } };
  expect(refusalOf(() => serializeSnapshot(long))).toMatchObject({
    code: 'SNAPSHOT_MALFORMED',
    details: { path: 'snapshot.metadata.note' },
  });
});
