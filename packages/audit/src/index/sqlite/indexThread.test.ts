import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeIndex } from './database.ts';
import { IndexThread } from './indexThread.ts';

let directory = '';
let clock: FakeClock;
let thread: IndexThread;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'roundhouse-index-'));
  clock = new FakeClock();
  thread = new IndexThread({ directory, journal: 'j', role: 'writer' }, clock);
});
afterEach(async () => {
  await thread.close();
  rmSync(directory, { recursive: true });
});

describe('a thread of the index that rests', () => {
  it('goes on with the same file when it is asked again', async () => {
    await thread.open();
    await thread.add([], 7);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(15_000);
    expect(clock.pendingTimers).toBe(0);
    await thread.add([], 9);
    await thread.close();
    expect((await thread.open()).nextSeq).toBe(9);
  });

  it('finds out that the file is another by then', async () => {
    await thread.open();
    await thread.add([], 7);
    await clock.advance(15_000);
    removeIndex(directory);
    await expect(thread.add([], 9)).rejects.toMatchObject({ isCorrupt: true });
    expect((await thread.reset()).nextSeq).toBe(0);
  });

  it('answers whoever asks while it is closed', async () => {
    await thread.open();
    for (let seq = 1; seq <= 20; seq++) {
      const closing = thread.close();
      const added = thread.add([], seq);
      await closing;
      await added.catch(() => thread.open());
    }
    await thread.open();
    expect(await Promise.all([thread.close(), thread.close()])).toEqual([undefined, undefined]);
  });

  it('leaves no timer behind when it is closed', async () => {
    await thread.open();
    await thread.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
