import type { JournalFiles } from '../files.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { noteEntry, splitNotes } from './noteFile.ts';

/** The checkpoints of a journal, one behind the other in a text file. */
export class CheckpointFile {
  readonly #files: JournalFiles;
  readonly #path: string;
  #length = 0;
  /** Whether something may stand behind what is known to be there. */
  #isTorn = false;
  #last: Checkpoint | undefined;

  constructor(files: JournalFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  get last(): Checkpoint | undefined {
    return this.#last;
  }

  /** Reads what is there; what is torn is cut off with the next write. */
  async load(): Promise<void> {
    const bytes = (await this.#files.read(this.#path)) ?? Buffer.alloc(0);
    const { notes, length } = splitNotes(bytes);
    this.#length = length;
    this.#isTorn = bytes.length > length;
    this.#last = parseCheckpoint(notes.at(-1) ?? '');
  }

  /** Durable when it resolves; raises Node's errors. */
  async append(checkpoint: Checkpoint): Promise<void> {
    const file = await this.#files.append(this.#path, 'any');
    try {
      // What a crash or a fault has left of another would make one with this.
      if (this.#isTorn) await this.#files.truncate(this.#path, this.#length);
      this.#isTorn = true;
      const bytes = Buffer.from(noteEntry(checkpoint.note));
      await file.write(bytes);
      await file.sync();
      this.#isTorn = false;
      this.#length += bytes.length;
      this.#last = checkpoint;
    } finally {
      await file.close();
    }
  }

  /** The newest checkpoint of `size` records. */
  async find(size: number): Promise<Checkpoint | undefined> {
    if (this.#last?.size === size) return this.#last;
    const { notes } = splitNotes((await this.#files.read(this.#path)) ?? Buffer.alloc(0));
    return notes.map(parseCheckpoint).findLast((each) => each?.size === size);
  }
}
