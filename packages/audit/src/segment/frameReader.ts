import type { ReadFile } from '../files.ts';
import { decodeFrame, type Frame, FRAME_HEAD_BYTES, MAX_BODY_BYTES } from './frame.ts';

const CHUNK_BYTES = 1_048_576;
const MAX_FRAME_BYTES = FRAME_HEAD_BYTES + MAX_BODY_BYTES + 32;

/** Reads the frames of a file, a chunk at a time; their chain is for others to check. */
export class FrameReader {
  readonly #file: ReadFile;
  readonly #to: number;
  #offset: number;
  #isImplausible = false;

  /** From the frame at `from`, up to the byte `to`. Borrows the file. */
  constructor(file: ReadFile, from: number, to: number) {
    this.#file = file;
    this.#offset = from;
    this.#to = to;
  }

  /** Behind the last frame that was read. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether it stopped at a length that no writer wrote, and not for want of bytes. */
  get isImplausible(): boolean {
    return this.#isImplausible;
  }

  /** The next frames; none when no whole one is left. They are good until the next call. */
  async read(): Promise<readonly Frame[]> {
    const length = Math.min(Math.max(CHUNK_BYTES, MAX_FRAME_BYTES), this.#to - this.#offset);
    if (length <= 0 || this.#isImplausible) return [];
    const start = this.#offset;
    const bytes = await this.#file.read(start, length);
    const frames: Frame[] = [];
    for (let at = 0; ; ) {
      const frame = decodeFrame(bytes, at, start + at);
      if (frame === undefined) return frames;
      if (frame === 'implausible') {
        this.#isImplausible = true;
        return frames;
      }
      frames.push(frame);
      at += frame.bytes.length;
      this.#offset = start + at;
    }
  }
}
