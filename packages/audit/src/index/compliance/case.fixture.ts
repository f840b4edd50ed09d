import type { Clock } from '@roundhouse/core';
import type { IndexBed } from '../bed.fixture.ts';
import type { MemoryJournal } from '../memoryJournal.fixture.ts';

/** An index of its own for a case, empty, over a journal in memory. */
export type MakeBed = (journal?: MemoryJournal, clock?: Clock) => Promise<IndexBed>;

export interface IndexCase {
  readonly title: string;
  readonly run: () => Promise<void>;
}
