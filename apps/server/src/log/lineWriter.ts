import type { Clock, Timer } from '@roundhouse/core';

/** Where lines go in the end, a chunk of bytes at a time; one call at a time. */
export interface LineOutput {
  /** Makes ready for a chunk of so many bytes; `writeSync` may come before it is done. */
  prepare(bytes: number): Promise<void>;
  /** Resolves with how many bytes were taken, rejects when none could be. */
  write(chunk: Buffer): Promise<number>;
  /** As `write`, at once; it may come while a `write` is under way. */
  writeSync(chunk: Buffer): number;
  /** Takes the file by its name again for the next line: someone has moved the one that is open. */
  reopen(): void;
  close(): Promise<void>;
}

export interface LineWriterOptions {
  /** Characters that wait at most while the output fails; lines beyond are lost and counted. Default 8 MiB. */
  readonly maxBuffered?: number;
}

interface LineWriterDependencies {
  readonly clock: Clock;
  /** Hears once when the output begins to fail, and once when it works again. */
  readonly onTrouble: (message: string) => void;
}

export interface LineWriterStatus {
  readonly isFailing: boolean;
  /** Writes that failed. */
  readonly failures: number;
  /** Lines that found no room. */
  readonly lostLines: number;
  /** Characters that wait. */
  readonly buffered: number;
}

/** Longest time for which a line waits for others, ms; what a kill takes with it. */
const GATHER_MS = 10;
/** Characters that no longer wait for others. */
const GATHERED = 16_384;
/** Characters of a chunk, at which the next one begins. */
const CHUNK = 65_536;
const MAX_BUFFERED = 8_388_608;
/** Pause after a failure, ms. */
const RETRY_MS = 1_000;
/** For a pipe whose reader is slow, at the end of the process. */
const BUSY_PAUSE_MS = 5;
const MAX_BUSY_PAUSES = 100;

/**
 * Gathers lines and writes them in the background, whole and in order. Pino's own destination does most of this, but its
 * `flushSync` (sonic-boom 4.2) never returns while a disk is full, and knows no moment to rotate a file at.
 */
export class LineWriter {
  readonly #output: LineOutput;
  readonly #deps: LineWriterDependencies;
  readonly #maxBuffered: number;
  /** Lines, in chunks; a chunk of bytes is the rest of one that could not be written. */
  readonly #chunks: Array<string | Buffer> = [];
  #buffered = 0;
  /** What is being written, or could not be. */
  #rest: Buffer | undefined;
  #isPumping = false;
  /** The system has `#rest`. */
  #isInFlight = false;
  #pumping: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #isFailing = false;
  #isClosed = false;
  #failures = 0;
  #lostLines = 0;
  /** Of `#lostLines`, those that no line tells of yet. */
  #untold = 0;

  constructor(
    output: LineOutput,
    deps: LineWriterDependencies,
    { maxBuffered = MAX_BUFFERED }: LineWriterOptions = {},
  ) {
    this.#output = output;
    this.#deps = deps;
    this.#maxBuffered = maxBuffered;
  }

  get status(): LineWriterStatus {
    return {
      isFailing: this.#isFailing,
      failures: this.#failures,
      lostLines: this.#lostLines,
      buffered: this.#buffered + (this.#rest?.length ?? 0),
    };
  }

  write(line: string): void {
    if (this.#isClosed) {
      this.#lostLines++;
      return;
    }
    if (this.#buffered + line.length > this.#maxBuffered) {
      // Callers are faster than the background: they wait, unless that is of no use.
      if (!this.#isFailing) this.flushSync();
      if (this.#buffered + line.length > this.#maxBuffered) {
        this.#lostLines++;
        this.#untold++;
        return;
      }
    }
    this.#append(line);
    if (this.#isPumping || this.#isFailing) return;
    if (this.#buffered >= GATHERED) this.#start();
    else this.#gather();
  }

  /**
   * Writes what waits before it returns, as far as the output takes it: for the end of the process. A chunk that the
   * system has already is left to it, and may come behind the later ones.
   */
  flushSync(): void {
    if (this.#rest !== undefined && !this.#isInFlight) {
      this.#chunks.unshift(this.#rest);
      this.#buffered += this.#rest.length;
      this.#rest = undefined;
    }
    for (let chunk = this.#take(); chunk !== undefined; chunk = this.#take()) {
      const left = this.#writeAllSync(chunk);
      if (left === undefined) continue;
      this.#chunks.unshift(left);
      this.#buffered += left.length;
      return;
    }
  }

  /** See `LineOutput.reopen`. */
  reopen(): void {
    this.#output.reopen();
  }

  /** Writes what waits, once more if it fails, and closes the output. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#start();
    await this.#pumping;
    this.flushSync();
    await this.#output.close();
  }

  #append(line: string): void {
    const last = this.#chunks.at(-1);
    if (typeof last === 'string' && last.length < CHUNK) this.#chunks[this.#chunks.length - 1] = last + line;
    else this.#chunks.push(line);
    this.#buffered += line.length;
  }

  #take(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#buffered -= chunk.length;
    return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }

  #gather(): void {
    this.#timer ??= this.#deps.clock.setTimer(GATHER_MS, () => this.#start());
  }

  #start(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.#isPumping) this.#pumping = this.#pump();
  }

  /** Never rejects. */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      for (;;) {
        this.#rest ??= this.#take();
        if (this.#rest === undefined) break;
        await this.#output.prepare(this.#rest.length);
        // It may have been flushed in the meantime.
        if (this.#rest === undefined) continue;
        this.#isInFlight = true;
        const taken = await this.#output.write(this.#rest);
        this.#isInFlight = false;
        this.#rest = taken < this.#rest.length ? this.#rest.subarray(taken) : undefined;
        if (this.#rest !== undefined) continue;
        this.#recovered();
        if (this.#buffered < GATHERED && !this.#isClosed) break;
      }
      if (this.#buffered > 0) this.#gather();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isPumping = false;
      this.#isInFlight = false;
    }
  }

  #failed(error: unknown): void {
    this.#failures++;
    if (!this.#isFailing) {
      this.#isFailing = true;
      this.#deps.onTrouble(`the log cannot be written: ${reasonOf(error)}`);
    }
    if (!this.#isClosed) this.#timer ??= this.#deps.clock.setTimer(RETRY_MS, () => this.#start());
  }

  #recovered(): void {
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#deps.onTrouble(`the log is written again; ${this.#untold} lines were lost`);
    }
    if (this.#untold === 0) return;
    const time = new Date(this.#deps.clock.now()).toISOString();
    this.#append(`${JSON.stringify({ level: 40, time, lost_lines: this.#untold, msg: 'log lines were lost' })}\n`);
    this.#untold = 0;
  }

  /** Gives back what could not be written. */
  #writeAllSync(chunk: Buffer): Buffer | undefined {
    let left = chunk;
    let pauses = 0;
    while (left.length > 0) {
      try {
        left = left.subarray(this.#output.writeSync(left));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++pauses > MAX_BUSY_PAUSES) {
          this.#failed(error);
          return left;
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_PAUSE_MS);
      }
    }
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
