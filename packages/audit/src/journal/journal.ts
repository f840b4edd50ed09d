import {
  type Clock,
  createScope,
  Emitter,
  isRoundhouseError,
  type Logger,
  type Scope,
  type Unsubscribe,
} from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type { JournalFiles, JournalLock } from '../files.ts';
import type { Checkpoint } from '../proof/checkpoint.ts';
import type { CheckpointFile } from '../proof/checkpointFile.ts';
import type { LeafFiles } from '../proof/leafFiles.ts';
import { consistencyPath, inclusionPath, rootOf } from '../proof/merkle.ts';
import type { SigningKey } from '../proof/signingKey.ts';
import type { TreeFile } from '../proof/treeFile.ts';
import { JOURNAL_CODES, type JournalCode } from '../record/code.ts';
import type { RandomBytes } from '../record/digest.ts';
import { checkEntry, type Draft, draftOf, type Stamp } from '../record/draft.ts';
import type { AuditEntry, AuditRecord, Digest } from '../record/entry.ts';
import type { Mask } from '../record/mask.ts';
import type { SubjectVault } from '../record/vault.ts';
import type { SegmentCatalog } from '../segment/catalog.ts';
import type { SegmentLog, Written } from '../segment/log.ts';
import type { Damage } from '../segment/recovery.ts';
import type { CheckpointSink } from '../sink/sink.ts';
import { Checkpoints } from './checkpoints.ts';
import type {
  AuditJournal,
  ConsistencyProof,
  InclusionProof,
  JournalStatus,
  Receipt,
  RecordRange,
  SegmentSummary,
} from './contract.ts';
import type { Layout } from './layout.ts';
import type { Settings } from './options.ts';
import { eraseSegment, prune } from './pruning.ts';
import { Reader } from './reader.ts';
import { Serial } from './serial.ts';
import { type Outage, Writer } from './writer.ts';

/** What an opening has put together. */
export interface JournalParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly files: JournalFiles;
  readonly layout: Layout;
  readonly lock: JournalLock;
  readonly randomBytes: RandomBytes;
  readonly key: SigningKey;
  readonly checkpointFile: CheckpointFile;
  readonly catalog: SegmentCatalog;
  readonly segments: SegmentLog;
  readonly leaves: LeafFiles;
  readonly tree: TreeFile;
  readonly vault: SubjectVault;
  readonly mask: Mask;
  readonly ulid: (timeMs: number) => string;
  readonly boot: string;
  readonly sinks: readonly CheckpointSink[];
  readonly damage: Damage | undefined;
}

/** Who the journal is in its own records. */
const SELF = { type: 'system', id: 'journal', authentication: 'none' } as const;

export class Journal implements AuditJournal {
  readonly #settings: Settings;
  readonly #parts: JournalParts;
  readonly #serial = new Serial();
  readonly #writer: Writer;
  readonly #checkpoints: Checkpoints;
  readonly #reader: Reader;
  /** Records come in groups: most have the time of the one before. */
  #lastTime = { ms: NaN, text: '' };
  readonly #facts = new Emitter<{ appended: readonly AuditRecord[]; closed: undefined }>();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(settings: Settings, parts: JournalParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { clock, log, segments, key, checkpointFile: file } = parts;
    // Jitter is for many that would come at once: here is one.
    const random = (): number => 1;
    this.#writer = new Writer(settings, {
      clock,
      log,
      random,
      segments,
      serial: this.#serial,
      onWritten: (drafts, written) => this.#onWritten(drafts, written),
      lostDraft: (count, since) => this.#draft('RHA-0005', 'failure', { count, since: timeText(since) }),
      resumedDraft: (outage) => this.#draft('RHA-0006', 'success', outageDetails(outage)),
    });
    this.#checkpoints = new Checkpoints(settings, parts.sinks, {
      clock,
      log,
      random,
      key,
      file,
      tail: () => segments.tail,
      onEvolved: (epoch) => void this.own('RHA-0007', 'success', { epoch, size: segments.tail.seq }),
    });
    const next = (): number => segments.tail.seq;
    this.#reader = new Reader({ ...parts, next });
  }

  async append(entry: AuditEntry, scope?: Scope): Promise<Receipt> {
    if (this.#isClosed) throw auditError('AUDIT_CLOSED');
    checkEntry(entry);
    scope?.throwIfEnded();
    const policy = this.#settings.classes[entry.class];
    const isLagging =
      this.#checkpoints.isLagging && (await this.#checkpoints.admit(entry.class, policy.whenSinkLags, scope));
    const stamp = this.#stamp();
    const personal = entry.personal === undefined ? undefined : await this.#keepPersonal(entry, stamp.id);
    const receipt = await this.#writer.append(draftOf(entry, stamp, this.#parts.mask, personal), policy, scope);
    return isLagging ? { ...receipt, degraded: true } : receipt;
  }

  record(entry: AuditEntry): void {
    checkEntry(entry);
    const policy = this.#settings.classes[entry.class];
    const stamp = this.#stamp();
    const { mask, log } = this.#parts;
    if (entry.personal === undefined) return this.#writer.record(draftOf(entry, stamp, mask), policy);
    this.#keepPersonal(entry, stamp.id).then(
      (personal) => this.#writer.record(draftOf(entry, stamp, mask, personal), policy),
      (error: unknown) => {
        log.error('personal fields of an audit record cannot be kept', { reason: String(error) });
        this.#writer.record(draftOf(entry, stamp, mask), policy);
      },
    );
  }

  /** A record of the journal about itself. */
  own(code: JournalCode, outcome: AuditEntry['outcome'], details: Readonly<Record<string, unknown>>): Promise<Receipt> {
    return this.#writer.own(this.#draft(code, outcome, details));
  }

  read(range: RecordRange, scope: Scope): AsyncGenerator<AuditRecord> {
    return this.#reader.read(range, scope);
  }

  async *follow(from: number, scope: Scope): AsyncGenerator<AuditRecord> {
    for (let at = from; ; ) {
      const to = this.#parts.segments.tail.seq;
      if (at < to) {
        yield* this.#reader.read({ from: at, to, erased: 'skip' }, scope);
        at = to;
      } else {
        if (this.#isClosed) return;
        await this.#more(scope);
      }
    }
  }

  onAppended(listener: (records: readonly AuditRecord[]) => void): Unsubscribe {
    return this.#facts.on('appended', listener);
  }

  async checkpoint(): Promise<Checkpoint> {
    if (this.#isClosed) throw auditError('AUDIT_CLOSED');
    return await this.#checkpoints.take();
  }

  async inclusion(seq: number, size?: number): Promise<InclusionProof> {
    const { segments, tree, checkpointFile, key } = this.#parts;
    using scope = createScope({ clock: this.#parts.clock });
    const { flags, body, text } = await this.#reader.frame(seq, scope);
    const kept = Buffer.from(body);
    const last = checkpointFile.last;
    const whole = size ?? (last !== undefined && last.size > seq ? last.size : (await this.checkpoint()).size);
    const { range } = segments.tail;
    inRange('size', whole, seq + 1, range.size);
    const read = await tree.reader(range);
    const path = await inclusionPath(seq, whole, read);
    const checkpoint = await checkpointFile.find(whole);
    return {
      v: 1,
      kind: 'inclusion',
      journal: key.journal,
      seq,
      flags,
      body: kept.toString('base64'),
      ...(flags !== 0 && text !== undefined && { text }),
      size: whole,
      root: (await rootOf(0, whole, read)).toString('base64'),
      path: path.map((hash) => hash.toString('base64')),
      ...(checkpoint !== undefined && { checkpoint: checkpoint.note }),
    };
  }

  async consistency(from: number, to: number): Promise<ConsistencyProof> {
    const { segments, tree, key } = this.#parts;
    const { range } = segments.tail;
    inRange('to', to, 1, range.size);
    inRange('from', from, 1, to);
    const read = await tree.reader(range);
    const path = await consistencyPath(from, to, read);
    const [from_root, to_root] = [await rootOf(0, from, read), await rootOf(0, to, read)];
    return {
      v: 1,
      kind: 'consistency',
      journal: key.journal,
      from,
      to,
      from_root: from_root.toString('base64'),
      to_root: to_root.toString('base64'),
      path: path.map((hash) => hash.toString('base64')),
    };
  }

  segments(): readonly SegmentSummary[] {
    const { catalog, layout, segments } = this.#parts;
    return catalog.all.map((info) => ({
      segment: info.header.segment,
      path: layout.segment(info.header.segment),
      first_seq: info.header.first_seq,
      records: catalog.endOf(info, segments.tail.seq) - info.header.first_seq,
      created: info.header.created,
      is_open: info === catalog.all.at(-1) && !this.#isClosed,
      is_erased: catalog.isErased(info),
    }));
  }

  async prune(segment: number, discard?: (path: string) => Promise<void>): Promise<void> {
    // Something signed has to vouch for what goes.
    await this.checkpoint();
    // What still waits in memory would make a file anew that is gone by then.
    await this.#parts.leaves.flush();
    await this.#disk(() =>
      prune(segment, timeText(this.#parts.clock.now()), { ...this.#parts, ...(discard !== undefined && { discard }) }),
    );
  }

  erase(segment: number): Promise<void> {
    return this.#disk(() => eraseSegment(segment, this.#parts));
  }

  async eraseSubject(subject: string, entry: AuditEntry): Promise<void> {
    await this.#disk(async () => {
      await this.#parts.vault.erase(subject);
    });
    await this.append({ ...entry, code: 'RHA-0008', action: JOURNAL_CODES['RHA-0008'].action, subject });
  }

  status(): JournalStatus {
    const { key, catalog, segments, checkpointFile, damage } = this.#parts;
    const { outage, buffered, waiting, lost, refused } = this.#writer;
    const { last } = checkpointFile;
    const { failure } = this.#checkpoints;
    return {
      journal: key.journal,
      state: this.#isClosed ? 'closed' : outage === undefined ? 'writing' : 'unavailable',
      ...(outage !== undefined && { reason: outage.reason, since: timeText(outage.since) }),
      ...(damage !== undefined && { damage }),
      first_seq: catalog.firstSeq(segments.tail.seq),
      next_seq: segments.tail.seq,
      buffered,
      waiting,
      lost,
      refused,
      epoch: key.epoch,
      public_key: key.publicKey,
      ...(last !== undefined && { checkpoint: { size: last.size, time: last.time } }),
      ...(failure !== undefined && { checkpoint_failure: failure }),
      sinks: this.#checkpoints.sinks,
    };
  }

  async evolveKey(): Promise<void> {
    if (this.#isClosed) throw auditError('AUDIT_CLOSED');
    await this.#checkpoints.evolve();
  }

  rotate(): Promise<void> {
    return this.#disk(() => this.#parts.segments.rotate('command'));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { segments, leaves, tree, lock, log } = this.#parts;
    if (this.#writer.outage === undefined) await this.own('RHA-0002', 'success', {});
    this.#isClosed = true;
    await this.#writer.close();
    try {
      await this.#checkpoints.take();
      await this.#serial.run(() => segments.end('open'));
      await tree.flush();
    } catch (error) {
      log.error('the audit journal could not be closed as it should', { reason: String(error) });
    }
    await this.#checkpoints.close();
    await leaves.close();
    await lock.release();
    this.#facts.emit('closed', undefined);
    this.#facts.clear();
  }

  #onWritten(drafts: readonly Draft[], written: Written): void {
    this.#parts.leaves.append(written);
    this.#checkpoints.noteWritten();
    if (!this.#facts.hasListeners('appended')) return;
    this.#facts.emit(
      'appended',
      drafts.map((draft, index) => draft.record(written.firstSeq + index)),
    );
  }

  #more(scope: Scope): Promise<void> {
    const stops: Unsubscribe[] = [];
    const more = new Promise<void>((resolve) => {
      stops.push(
        this.#facts.on('appended', () => resolve()),
        this.#facts.on('closed', () => resolve()),
      );
    });
    return scope.race(more).finally(() => stops.forEach((stop) => stop()));
  }

  async #keepPersonal(entry: AuditEntry, id: string): Promise<Readonly<Record<string, Digest>>> {
    const { subject = '', personal = {} } = entry;
    try {
      return await this.#parts.vault.put(subject, id, personal);
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  async #disk(task: () => Promise<void>): Promise<void> {
    if (this.#isClosed) throw auditError('AUDIT_CLOSED');
    try {
      await this.#serial.run(task);
    } catch (error) {
      throw isRoundhouseError(error) ? error : unavailable(error);
    }
  }

  #draft(code: JournalCode, outcome: AuditEntry['outcome'], details: Readonly<Record<string, unknown>>): Draft {
    const { class: auditClass, action } = JOURNAL_CODES[code];
    const entry: AuditEntry = { class: auditClass, action, code, phase: 'fact', outcome, actor: SELF, details };
    return draftOf(entry, this.#stamp(), this.#parts.mask);
  }

  #stamp(): Stamp {
    const { clock, ulid, boot } = this.#parts;
    const now = clock.now();
    if (now !== this.#lastTime.ms) this.#lastTime = { ms: now, text: timeText(now) };
    return { id: ulid(now), time: this.#lastTime.text, boot, monotonicMs: clock.monotonic() };
  }
}

/** The disk's own words, under the code that says what it means here. */
export function unavailable(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return auditError('AUDIT_UNAVAILABLE', { details: { reason }, cause });
}

function outageDetails({ since, reason, refused, degraded }: Outage): Readonly<Record<string, unknown>> {
  return { since: timeText(since), reason, refused, degraded };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function inRange(argument: string, value: number, from: number, to: number): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  throw auditError('AUDIT_RANGE_INVALID', { details: { argument, expected: `a whole number from ${from} to ${to}` } });
}
