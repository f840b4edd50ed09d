import type { Scope } from '@roundhouse/core';
import { LineSplitter } from './lineSplitter.ts';
import type { StreamFiles } from './streamFiles.ts';
import { lineStartAt, type TimedLine } from './tail.ts';

/** What a stream has more of from time to time: each line once, in order, over rotation and compression. */
export class StreamFollower implements Disposable {
  readonly #files: StreamFiles;
  #position: number;
  #splitter: LineSplitter | undefined;

  /** Goes on from `position`; the files are its own from then on. */
  constructor(files: StreamFiles, position: number) {
    this.#files = files;
    this.#position = position;
  }

  /** Lines that have ended, out of about `maxBytes` of the stream. `isAtEnd`: there is nothing more for now. */
  async next(
    maxBytes: number,
    scope: Scope,
  ): Promise<{ readonly lines: readonly TimedLine[]; readonly isAtEnd: boolean }> {
    if (this.#splitter === undefined) {
      // A line that is being written is told whole.
      this.#position = await lineStartAt(this.#files, this.#position, scope);
      this.#splitter = new LineSplitter(this.#position);
    }
    const lines: TimedLine[] = [];
    for (let taken = 0; taken < maxBytes; ) {
      scope.throwIfEnded();
      const chunk = await this.#read();
      if (chunk === undefined) return { lines, isAtEnd: true };
      // Rotated away before it was read.
      if (chunk.position !== this.#position) this.#splitter = new LineSplitter(chunk.position);
      for (const line of this.#splitter.push(chunk.bytes))
        lines.push({ ...line, at: this.#files.timeAt(line.position) });
      this.#position = chunk.position + chunk.bytes.byteLength;
      taken += chunk.bytes.byteLength;
    }
    return { lines, isAtEnd: false };
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }

  async #read(): ReturnType<StreamFiles['read']> {
    const chunk = await this.#files.read(this.#position);
    if (chunk !== undefined || !this.#files.hasMoved(this.#position)) return chunk;
    // What was written between the read and the rotation is in the file that is done now.
    this.#files.refresh();
    if (this.#files.end < this.#position) {
      // Emptied by somebody: what is there now is new.
      this.#position = this.#files.begin;
      this.#splitter = new LineSplitter(this.#position);
    }
    return this.#files.read(this.#position);
  }
}
