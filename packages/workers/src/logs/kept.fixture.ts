import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@roundhouse/testing';
import { Journal } from './daemon/journal.ts';

/** A directory with a journal of stdout in it, and a clock that stands still. */
export class KeptStream implements Disposable {
  readonly directory = join(mkdtempSync(join(tmpdir(), 'roundhouse-journal-')), 'web', '0');
  clock = new FakeClock();
  readonly maxBytes: number;
  journal: Journal;
  isWanted = true;
  sealed = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.journal = this.#open();
  }

  write(text: string | Uint8Array): number {
    const bytes = Buffer.from(text);
    return this.journal.append(bytes, 0, bytes.byteLength);
  }

  /** As a kill and a new daemon, when the wall clock may be another. */
  reopen(clock = this.clock): void {
    this.clock = clock;
    this.journal.close();
    this.journal = this.#open();
  }

  [Symbol.dispose](): void {
    this.journal.close();
    rmSync(join(this.directory, '../..'), { recursive: true });
  }

  #open(): Journal {
    return new Journal(
      { directory: this.directory, stream: 'stdout', maxBytes: this.maxBytes },
      { clock: this.clock, isWanted: () => this.isWanted, onSealed: () => (this.sealed += 1) },
    );
  }
}
