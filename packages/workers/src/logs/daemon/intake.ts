import type { Clock, Timer } from '@roundhouse/core';
import type { ByteRate } from './byteRate.ts';

const LINE_END = 0x0a;
/** How often a disk that has failed is tried again, and a loss told that no line has followed. */
const RETRY_MS = 1_000;
/** Of a second's rate, which must be free again before lines are kept again: few long gaps instead of many short ones. */
const RESUME_RATIO = 0.25;

/** What the bytes are appended to: a Journal. */
export interface Appendix {
  readonly fault: unknown;
  readonly isAtLineStart: boolean;
  append(bytes: Uint8Array, start: number, end: number): number;
}

export interface IntakeDependencies {
  readonly clock: Clock;
  /** The disk has failed, or serves again (undefined). */
  readonly onFault: (fault: unknown) => void;
}

/** Bytes that are not kept. */
interface Gap {
  readonly why: 'rate' | 'disk';
  readonly fault: string;
  bytes: number;
  /** When the disk is tried again, monotonic ms. */
  retryAt: number;
}

/**
 * Keeps all that a stream writes, unless it writes more than its rate allows or the disk takes nothing: then whole lines
 * are dropped, so that the worker goes on, and a line in their place says how many bytes are missing and why.
 */
export class Intake {
  readonly #journal: Appendix;
  readonly #rate: ByteRate | undefined;
  readonly #deps: IntakeDependencies;
  #gap: Gap | undefined;
  #timer: Timer | undefined;

  constructor(journal: Appendix, rate: ByteRate | undefined, deps: IntakeDependencies) {
    this.#journal = journal;
    this.#rate = rate;
    this.#deps = deps;
  }

  /** Takes the first `length` bytes, which are borrowed. */
  receive(bytes: Uint8Array, length: number): void {
    let start = 0;
    if (this.#gap !== undefined) {
      start = this.#resumeAt(this.#gap, bytes, length);
      this.#gap.bytes += start;
      if (start === length || !this.#endGap(this.#gap)) {
        this.#gap.bytes += length - start;
        return;
      }
    }
    let end = length;
    if (this.#rate !== undefined) {
      const allowed = this.#rate.available();
      if (allowed < end - start)
        end = start + bytes.subarray(start, start + Math.max(0, allowed)).lastIndexOf(LINE_END) + 1;
    }
    const written = this.#journal.append(bytes, start, end);
    this.#rate?.take(written);
    const lost = length - start - written;
    if (lost === 0) return;
    this.#beginGap(written < end - start ? 'disk' : 'rate', lost);
  }

  close(): void {
    this.#timer?.cancel();
    if (this.#gap !== undefined) this.#endGap(this.#gap);
    this.#timer?.cancel();
  }

  #beginGap(why: Gap['why'], bytes: number): void {
    const { fault } = this.#journal;
    const retryAt = this.#deps.clock.monotonic() + (why === 'disk' ? RETRY_MS : 0);
    this.#gap = { why, fault: why === 'disk' ? describe(fault) : '', bytes, retryAt };
    if (why === 'disk') this.#deps.onFault(fault);
    this.#wait();
  }

  /** Where in these bytes lines are kept again; `length` when they are not. */
  #resumeAt(gap: Gap, bytes: Uint8Array, length: number): number {
    if (!this.#mayEnd(gap)) return length;
    const lineEnd = bytes.subarray(0, length).indexOf(LINE_END);
    return lineEnd === -1 ? length : lineEnd + 1;
  }

  #mayEnd(gap: Gap): boolean {
    if (this.#deps.clock.monotonic() < gap.retryAt) return false;
    return this.#rate === undefined || this.#rate.available() >= this.#rate.bytesPerSecond * RESUME_RATIO;
  }

  /** Tells the loss in its place; false when the disk does not take it. */
  #endGap(gap: Gap): boolean {
    const reason = gap.why === 'disk' ? gap.fault : `more than ${this.#rate?.bytesPerSecond} bytes a second`;
    const lead = this.#journal.isAtLineStart ? '' : '\n';
    const told = Buffer.from(`${lead}[roundhouse] ${gap.bytes} bytes dropped: ${reason}\n`);
    // A part of it that a disk takes just before it is full is ended by the line feed of the next attempt.
    if (this.#journal.append(told, 0, told.byteLength) < told.byteLength) {
      gap.retryAt = this.#deps.clock.monotonic() + RETRY_MS;
      return false;
    }
    if (gap.why === 'disk') this.#deps.onFault(undefined);
    this.#gap = undefined;
    this.#timer?.cancel();
    return true;
  }

  /** A loss is told even when no line follows it; a line that goes on then is kept from there. */
  #wait(): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.setTimer(RETRY_MS, () => {
      if (this.#gap === undefined) return;
      if (!this.#mayEnd(this.#gap) || !this.#endGap(this.#gap)) this.#wait();
    });
  }
}

function describe(fault: unknown): string {
  const code = (fault as { code?: unknown }).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'there was no room on the disk';
  return fault instanceof Error ? fault.message : String(fault);
}
