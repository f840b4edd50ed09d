import { closeSync, constants, fstatSync, openSync, readSync, statSync, type FSWatcher, watch } from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname } from 'node:path';

/** What a pipe holds, pipe(7): no read gives more. */
const BUFFER_BYTES = 65_536;
/** One for all, since what is read is written before the next read. */
const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** Takes the first `length` bytes, which are borrowed. */
export type Receive = (bytes: Uint8Array, length: number) => void;

/**
 * The reading end of a FIFO: opened once the FIFO is there, and again when another takes its place. After a fault the next
 * `check` tries again.
 */
export class FifoReader {
  readonly #path: string;
  readonly #receive: Receive;
  readonly #onFault: (fault: unknown) => void;
  #open: { readonly socket: Socket; readonly file: number; readonly inode: number } | undefined;
  #watcher: FSWatcher | undefined;
  #isClosed = false;

  constructor(path: string, receive: Receive, onFault: (fault: unknown) => void) {
    this.#path = path;
    this.#receive = receive;
    this.#onFault = onFault;
  }

  /** Sees to it that the FIFO that is there now is read, and the next one when it comes. */
  check(): void {
    if (this.#isClosed || (this.#open !== undefined && this.#open.inode === this.#inode())) return;
    this.#letGo();
    this.#watchNearest();
    if (this.#inode() === undefined) return;
    try {
      this.#begin();
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** Takes what is in the FIFO still, and closes it. */
  close(): void {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#letGo();
  }

  #inode(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino;
  }

  #begin(): void {
    // Read-write: it neither waits for a writer nor ends with the last one, fifo(7).
    const file = openSync(this.#path, constants.O_RDWR | constants.O_NONBLOCK);
    const { ino } = fstatSync(file);
    if (!fstatSync(file).isFIFO()) {
      closeSync(file);
      throw new Error(`${this.#path} is no FIFO`);
    }
    const socket = new Socket({
      fd: file,
      readable: true,
      writable: false,
      onread: {
        buffer,
        callback: (length) => {
          this.#receive(buffer, length);
          return true;
        },
      },
    });
    socket.on('error', (error) => {
      if (this.#open?.socket === socket) this.#open = undefined;
      this.#onFault(error);
    });
    this.#open = { socket, file, inode: ino };
  }

  #letGo(): void {
    if (this.#open === undefined) return;
    const { socket, file } = this.#open;
    this.#open = undefined;
    if (socket.destroyed) return;
    this.#drain(file);
    socket.destroy();
  }

  #drain(file: number): void {
    // A pipe's worth: a writer that goes on all the time does not keep it from closing.
    for (let left = BUFFER_BYTES; left > 0; ) {
      let length: number;
      try {
        length = readSync(file, buffer, 0, left, null);
      } catch {
        // EAGAIN: it is empty.
        return;
      }
      if (length === 0) return;
      this.#receive(buffer, length);
      left -= length;
    }
  }

  /** Watches the nearest directory above that is there; in one that goes, the watch tells so before it ends. */
  #watchNearest(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    const directory = nearestDirectory(this.#path);
    try {
      this.#watcher = watch(directory, (_event, name) => this.#isAboutIt(name, directory) && this.check());
      this.#watcher.on('error', (error) => this.#onFault(error));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#onFault(error);
        return;
      }
    }
    // One may have been made, or have gone, just before the watch began.
    if (this.#watcher === undefined || nearestDirectory(this.#path) !== directory) this.#watchNearest();
  }

  /** Not what else comes and goes beside it: that is much while an instance starts. The end of the directory has its name. */
  #isAboutIt(name: string | null, directory: string): boolean {
    if (name === null || directory !== dirname(this.#path)) return true;
    return name === basename(this.#path) || name === basename(directory);
  }
}

function nearestDirectory(path: string): string {
  const directory = dirname(path);
  if (directory === path || statSync(directory, { throwIfNoEntry: false }) !== undefined) return directory;
  return nearestDirectory(directory);
}
