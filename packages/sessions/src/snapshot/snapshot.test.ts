import { FakeClock, FakeSession } from '@roundhouse/testing';
import { FIELD_ATTRIBUTE, HIGHLIGHT_SHIFT } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { maskSnapshot, restoreScreen, takeSnapshot } from './snapshot.ts';

const clock = new FakeClock();

/** Row 2: a nondisplay input that holds SESAME with highlights, and an NVT character; row 3 displays JOE. */
function session(): FakeSession {
  const fake = new FakeSession();
  fake.hostSetsField(2, 10, FIELD_ATTRIBUTE.Nondisplay | FIELD_ATTRIBUTE.Modified, 4 << HIGHLIGHT_SHIFT);
  fake.hostWrites(2, 11, 'SESAME');
  fake.screen.cells[91] = (fake.screen.cells[91] as number) | (2 << HIGHLIGHT_SHIFT);
  fake.screen.setUnicode(96, 0x4e2d, 0);
  fake.hostSetsField(2, 19, 0);
  fake.hostWrites(3, 1, 'JOE');
  fake.screen.moveCursor(100);
  fake.hostUnlocks();
  return fake;
}

describe('a snapshot', () => {
  it('says where the session was', () => {
    expect(takeSnapshot(session(), { clock, journalPosition: 17, metadata: { job: 'a' } })).toMatchObject({
      takenAt: clock.now(),
      rows: 24,
      columns: 80,
      cursor: 100,
      hidden: 'masked',
      lockReason: null,
      connectionState: 'connected-tn3270e',
      model: '3279-2-E',
      codePage: '037',
      lu: null,
      pluName: null,
      journalPosition: 17,
      metadata: { job: 'a' },
    });
  });

  it('stays as it is when the session goes on', () => {
    const fake = session();
    const metadata = { job: 'a' };
    const snapshot = takeSnapshot(fake, { clock, hidden: 'kept', metadata });
    const cells = snapshot.cells.slice();
    fake.hostWrites(3, 1, 'TED');
    fake.screen.setUnicode(96, 0x6587, 0);
    metadata.job = 'b';
    expect(snapshot.cells).toEqual(cells);
    expect(snapshot.unicode?.[96]).toBe(0x4e2d);
    expect(snapshot.metadata).toEqual({ job: 'a' });
  });

  it('masks nondisplay data whole, and nothing else, unless it is told to keep them', () => {
    const fake = session();
    const masked = takeSnapshot(fake, { clock });
    fake.screen.cells.forEach((cell, at) => expect(masked.cells[at]).toBe(at > 89 && at < 98 ? 0 : cell));
    expect(masked.unicode).toBeNull();
    const kept = takeSnapshot(fake, { clock, hidden: 'kept' });
    expect(kept.cells).toEqual(fake.screen.cells);
    expect(kept.unicode?.[96]).toBe(0x4e2d);
    expect(maskSnapshot(kept)).toEqual(masked);
    expect(maskSnapshot(masked)).toBe(masked);
  });

  it('masks a field that runs over the end of the screen', () => {
    const fake = new FakeSession();
    fake.hostSetsField(24, 79, FIELD_ATTRIBUTE.Nondisplay);
    fake.hostWrites(24, 80, 'S');
    fake.hostWrites(1, 1, 'ESAME');
    fake.hostSetsField(1, 9, 0);
    expect(takeSnapshot(fake, { clock }).cells.filter((cell) => cell !== 0)).toHaveLength(2);
  });

  it('has nothing of characters that were overwritten in the Unicode plane', () => {
    const fake = session();
    fake.hostWrites(2, 17, 'X');
    expect(fake.screen.unicode?.[96]).toBe(0x4e2d);
    expect(takeSnapshot(fake, { clock, hidden: 'kept' }).unicode).toBeNull();
  });
});

it('a restored screen belongs to whoever asked for it', () => {
  const snapshot = takeSnapshot(session(), { clock });
  const first = restoreScreen(snapshot);
  first.clear();
  expect(restoreScreen(snapshot).cells).toEqual(snapshot.cells);
  expect(restoreScreen(snapshot).fieldAt(95)).toBe(89);
});
