import type { Scope } from '@roundhouse/core';
import type { LineFilter } from './lineFilter.ts';
import { LineSplitter, MAX_LINE_BYTES, type SplitLine } from './lineSplitter.ts';
import type { StreamFiles } from './streamFiles.ts';

const LINE_END = 0x0a;
/** Of the stream, looked at backwards at a time: from few, where a few lines are wanted, to many. */
const MIN_WINDOW_BYTES = 32_768;
const MAX_WINDOW_BYTES = 1_048_576;
/** Lines of a window in memory, where one line alone takes more than a window. */
const MAX_HELD_BYTES = 8_388_608;

export interface TimedLine extends SplitLine {
  /** When its first byte was read, ms. */
  readonly at: number;
}

export interface TailRange {
  /** Wall clock, ms. */
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
}

/** Lines from the last to the first, found from the end backwards: what is not taken is not read. */
export async function* linesBackward(
  files: StreamFiles,
  { sinceMs = -Infinity, untilMs = Infinity }: TailRange,
  filter: LineFilter,
  scope: Scope,
): AsyncGenerator<TimedLine> {
  let end = untilMs === Infinity ? files.end : await lineEndFrom(files, files.endUntil(untilMs), scope);
  // A line that was begun earlier is older.
  const begin = sinceMs === -Infinity ? files.begin : await lineEndFrom(files, files.firstSince(sinceMs), scope);
  for (let window = MIN_WINDOW_BYTES; end > begin; window = Math.min(window * 2, MAX_WINDOW_BYTES)) {
    const start = await lineStartBefore(files, end, window, begin, scope);
    let held: TimedLine[] = [];
    let heldBytes = 0;
    let isComplete = true;
    for await (const line of linesBetween(files, start, end, scope)) {
      if (!filter(line.bytes)) continue;
      const at = files.timeAt(line.position);
      if (at < sinceMs || at > untilMs) continue;
      held.push({ ...line, at });
      heldBytes += line.bytes.byteLength;
      while (heldBytes > MAX_HELD_BYTES + MAX_LINE_BYTES) {
        heldBytes -= held[0]?.bytes.byteLength ?? 0;
        held = held.slice(1);
        isComplete = false;
      }
    }
    yield* held.toReversed();
    // What stands before those that were let go is not next to what was given.
    if (!isComplete) return;
    end = start;
  }
}

/** Where the line begins that the byte before `position` is of; as far back as the longest line. */
export async function lineStartAt(files: StreamFiles, position: number, scope: Scope): Promise<number> {
  const from = Math.max(files.begin, position - MAX_LINE_BYTES);
  let start = from;
  for (let at = from; at < position; ) {
    scope.throwIfEnded();
    const chunk = await files.read(at);
    if (chunk === undefined || chunk.position >= position) break;
    const bytes = chunk.bytes.subarray(0, position - chunk.position);
    const lineEnd = bytes.lastIndexOf(LINE_END);
    if (lineEnd !== -1) start = chunk.position + lineEnd + 1;
    at = chunk.position + bytes.byteLength;
  }
  return start;
}

async function* linesBetween(files: StreamFiles, start: number, end: number, scope: Scope): AsyncGenerator<SplitLine> {
  let splitter = new LineSplitter(start);
  for (let at = start; at < end; ) {
    scope.throwIfEnded();
    const chunk = await files.read(at);
    if (chunk === undefined || chunk.position >= end) break;
    // A part between has gone meanwhile.
    if (chunk.position !== at) splitter = new LineSplitter(chunk.position);
    const bytes = chunk.bytes.subarray(0, end - chunk.position);
    yield* splitter.push(bytes);
    at = chunk.position + bytes.byteLength;
  }
  const rest = splitter.flush();
  if (rest !== undefined) yield rest;
}

/** The end of the line that `position` is in, or the position where it is between two. */
async function lineEndFrom(files: StreamFiles, position: number, scope: Scope): Promise<number> {
  if (position <= files.begin) return position;
  for (let at = position - 1; at < position + MAX_LINE_BYTES; ) {
    scope.throwIfEnded();
    const chunk = await files.read(at);
    if (chunk === undefined) return Math.max(position, files.end);
    const lineEnd = chunk.bytes.indexOf(LINE_END);
    if (lineEnd !== -1) return chunk.position + lineEnd + 1;
    at = chunk.position + chunk.bytes.byteLength;
  }
  return position + MAX_LINE_BYTES;
}

/** The first start of a line about a window before `end`; where a line is longer, further back; `begin` at least. */
async function lineStartBefore(
  files: StreamFiles,
  end: number,
  window: number,
  begin: number,
  scope: Scope,
): Promise<number> {
  let searched = end - 1;
  for (let from = end - window; from > begin; from -= window) {
    for (let at = from - 1; at < searched; ) {
      scope.throwIfEnded();
      const chunk = await files.read(at);
      if (chunk === undefined || chunk.position >= searched) break;
      const lineEnd = chunk.bytes.subarray(0, searched - chunk.position).indexOf(LINE_END);
      if (lineEnd !== -1) return chunk.position + lineEnd + 1;
      at = chunk.position + chunk.bytes.byteLength;
    }
    searched = from - 1;
  }
  return begin;
}
