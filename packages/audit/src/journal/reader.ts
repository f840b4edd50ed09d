import type { Scope } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type { JournalFiles } from '../files.ts';
import type { LeafFiles } from '../proof/leafFiles.ts';
import type { AuditRecord } from '../record/entry.ts';
import type { SegmentCatalog } from '../segment/catalog.ts';
import type { SegmentCipher } from '../segment/cipher.ts';
import { FLAGS, type Frame } from '../segment/frame.ts';
import { FrameReader } from '../segment/frameReader.ts';
import type { SegmentInfo } from '../segment/log.ts';
import type { RecordRange } from './contract.ts';
import type { Layout } from './layout.ts';

export interface ReaderDependencies {
  readonly files: JournalFiles;
  readonly layout: Layout;
  readonly catalog: SegmentCatalog;
  readonly leaves: LeafFiles;
  /** The number behind the last durable record. */
  readonly next: () => number;
}

/** A frame of a record with its text; no text when its key is erased. */
export interface ReadRecord {
  readonly seq: number;
  readonly flags: number;
  readonly body: Buffer;
  readonly text: string | undefined;
}

/** Reads records of the segments in order; they are durable, so no writer is in its way. */
export class Reader {
  readonly #deps: ReaderDependencies;

  constructor(deps: ReaderDependencies) {
    this.#deps = deps;
  }

  async *read(range: RecordRange, scope: Scope): AsyncGenerator<AuditRecord> {
    const { catalog, next } = this.#deps;
    const end = next();
    const first = catalog.firstSeq(end);
    const { from = first, to = end, erased = 'fail' } = range;
    whole('from', from, end);
    whole('to', to, end);
    if (from < first) throw auditError('AUDIT_PRUNED', { details: { seq: from, first } });
    for (const info of catalog.over(from, to, end)) {
      for await (const { text } of this.#records(info, from, to, scope)) {
        if (text !== undefined) yield JSON.parse(text) as AuditRecord;
        else if (erased === 'skip') break;
        else throw auditError('AUDIT_ERASED', { details: { segment: info.header.segment } });
      }
    }
  }

  /** One record as it stands. Raises AUDIT_PRUNED, AUDIT_RANGE_INVALID. */
  async frame(seq: number, scope: Scope): Promise<ReadRecord> {
    const { catalog, next } = this.#deps;
    const end = next();
    whole('seq', seq, end - 1);
    const [info] = catalog.over(seq, seq + 1, end);
    if (info === undefined) throw auditError('AUDIT_PRUNED', { details: { seq, first: catalog.firstSeq(end) } });
    for await (const record of this.#records(info, seq, seq + 1, scope)) return record;
    throw broken(info, 0, `record ${seq} is not where it was`);
  }

  async *#records(info: SegmentInfo, from: number, to: number, scope: Scope): AsyncGenerator<ReadRecord> {
    const { files, layout, catalog, leaves, next } = this.#deps;
    const { segment, first_seq } = info.header;
    const start = Math.max(from, first_seq);
    const end = Math.min(to, catalog.endOf(info, next()));
    if (start >= end) return;
    const offset = start === first_seq ? info.headerLength : await leaves.offsetOf(info, start, next());
    const cipher = info.header.seal === undefined ? undefined : await catalog.cipherOf(info);
    const file = await files.open(layout.segment(segment));
    try {
      const reader = new FrameReader(file, offset, await file.size());
      let seq = start;
      while (seq < end) {
        scope.throwIfEnded();
        const frames = await reader.read();
        if (frames.length === 0) throw broken(info, reader.offset, `record ${seq} is missing`);
        for (const frame of frames) {
          if ((frame.flags & FLAGS.footer) !== 0) continue;
          if (seq === end) return;
          if (frame.seq !== seq) throw broken(info, frame.offset, `record ${frame.seq} stands where ${seq} should`);
          yield recordOf(frame, cipher);
          seq++;
        }
      }
    } finally {
      await file.close();
    }
  }
}

function recordOf({ seq, flags, body }: Frame, cipher: SegmentCipher | undefined): ReadRecord {
  const isSealed = (flags & FLAGS.sealed) !== 0;
  const text = isSealed ? cipher?.open(body, seq) : body.toString();
  return { seq, flags, body, text };
}

function whole(argument: string, value: number, to: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= to) return;
  throw auditError('AUDIT_RANGE_INVALID', { details: { argument, expected: `a whole number from 0 to ${to}` } });
}

function broken({ header }: SegmentInfo, offset: number, reason: string): Error {
  return auditError('AUDIT_DAMAGED', { details: { segment: header.segment, offset, reason } });
}
