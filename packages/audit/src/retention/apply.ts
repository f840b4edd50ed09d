import { basename, join } from 'node:path';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type { AuditJournal } from '../journal/contract.ts';
import { layoutOf } from '../journal/layout.ts';
import { canonicalJson, type JsonObject } from '../record/canonical.ts';
import { JOURNAL_CODES, type JournalCode } from '../record/code.ts';
import type { RandomBytes } from '../record/digest.ts';
import type { Actor, AuditEntry } from '../record/entry.ts';
import { destroyKey } from '../record/vault.ts';
import { type ArchiveManifest, writeArchive } from './archive.ts';
import type { ArchiveCheck } from './archiveCheck.ts';
import { certificateOf, type ErasedFacts, erasedArchive, erasedSegment } from './certificate.ts';
import { archivePaths, certificatePath, replaceFile, type RetentionFiles } from './files.ts';
import type { Inventory, KnownSegment } from './inventory.ts';
import type { PlannedStep, RetentionPlan } from './plan.ts';
import type { Medium } from './medium.ts';
import { type OverwriteFacts, overwriteFacts, wipe, wipeRest } from './overwrite.ts';
import { rangesText } from './ranges.ts';

const TORN = /^(\d{8})\.torn-/;

/** A place outside of the host that gets archives before their originals go. */
export interface ArchiveSink {
  readonly name: string;
  /** Sends the packed segment and its manifest, not its key. Resolves when the place has both; rejects with AUDIT_SINK_FAILED. */
  put(
    manifest: ArchiveManifest,
    paths: { readonly data: string; readonly manifest: string },
    scope: Scope,
  ): Promise<void>;
}

export interface ApplyDependencies {
  readonly journal: Pick<AuditJournal, 'append' | 'checkpoint' | 'prune' | 'erase' | 'status'>;
  readonly files: RetentionFiles;
  readonly randomBytes: RandomBytes;
  readonly directory: string;
  readonly state: string;
  readonly archive: string | undefined;
  readonly sinks: readonly ArchiveSink[];
  readonly check: (check: ArchiveCheck, scope: Scope) => Promise<string | undefined>;
  /** Takes what is gone out of what was made from it. */
  readonly forget: () => Promise<void>;
  readonly now: () => number;
  readonly actor: Actor;
  /** Whether the holds are still those that the plan was made with. */
  readonly isHeldAsPlanned: () => boolean;
  /** How often files are overwritten before they are removed. Undefined: not at all. */
  readonly overwritePasses: number | undefined;
  readonly medium: (directory: string) => Promise<Medium>;
}

export interface AppliedStep extends PlannedStep {
  /** Absent for what is kept. */
  readonly outcome?: 'done' | 'failed';
  /** Why it failed. */
  readonly failure?: string;
}

/**
 * Carries out a plan that was made of this inventory. Each step is recorded when it is done, all of them before; what fails is
 * recorded too, and leaves what it was about. Raises AUDIT_UNAVAILABLE, and the reason of the scope: what was done until
 * then stays done, and the next plan goes on from there.
 */
export async function applyRetention(
  plan: RetentionPlan,
  inventory: Inventory,
  deps: ApplyDependencies,
  scope: Scope,
): Promise<readonly AppliedStep[]> {
  const run = new Run(plan, inventory, deps, scope);
  return await run.carryOut();
}

class Run {
  readonly #plan: RetentionPlan;
  readonly #inventory: Inventory;
  readonly #deps: ApplyDependencies;
  readonly #scope: Scope;
  /** Why steps failed; undefined for those that are done. */
  readonly #outcomes = new Map<PlannedStep, string | undefined>();

  constructor(plan: RetentionPlan, inventory: Inventory, deps: ApplyDependencies, scope: Scope) {
    this.#plan = plan;
    this.#inventory = inventory;
    this.#deps = deps;
    this.#scope = scope;
  }

  async carryOut(): Promise<readonly AppliedStep[]> {
    const { steps } = this.#plan;
    const due = steps.filter(({ action }) => action !== 'keep');
    await this.#tellHeld();
    if (due.length > 0) await this.#tell('RHA-0010', planDetails(due));
    const ofSegments = due.filter(({ kind }) => kind === 'segment');
    // An archive is verified as far as the next checkpoint: there has to be one.
    if (ofSegments.length > 0) await this.#deps.journal.checkpoint();
    for (const step of ofSegments) if (step.action === 'archive') await this.#try(step, () => this.#archive(step));
    for (const step of ofSegments) if (step.erases) await this.#try(step, () => this.#eraseSegment(step));
    await this.#prune(ofSegments.filter(({ removes }) => removes));
    for (const step of due) if (step.kind === 'archive') await this.#try(step, () => this.#removeArchive(step));
    return steps.map((step) => {
      if (!this.#outcomes.has(step)) return step;
      const failure = this.#outcomes.get(step);
      return failure === undefined ? { ...step, outcome: 'done' } : { ...step, outcome: 'failed', failure };
    });
  }

  async #try(step: PlannedStep, act: () => Promise<void>): Promise<void> {
    this.#scope.throwIfEnded();
    if (this.#outcomes.get(step) !== undefined) return;
    try {
      // Who asked for something to be kept meanwhile may have meant this.
      if (!this.#deps.isHeldAsPlanned()) throw new Error('the legal holds have changed: the next run goes on');
      await act();
      this.#outcomes.set(step, undefined);
    } catch (error) {
      this.#scope.throwIfEnded();
      if (isRoundhouseError(error) && (error.code === 'AUDIT_UNAVAILABLE' || error.code === 'AUDIT_CLOSED'))
        throw error;
      const failure = error instanceof Error ? error.message : String(error);
      this.#outcomes.set(step, failure);
      const { kind, segment, action } = step;
      await this.#tell('RHA-0015', { kind, segment, planned: action, failure }, 'failure');
    }
  }

  async #archive(step: PlannedStep): Promise<void> {
    const { files, directory, archive } = this.#deps;
    const known = this.#segment(step);
    if (archive === undefined) throw failed(step.segment, 'there is no directory for archives');
    const layout = layoutOf(directory);
    const source = { segment: known.summary.path, dataKey: layout.dataKey(step.segment) };
    const manifest = await writeArchive(source, archive, this.#manifestFacts(known), files);
    await this.#check(manifest);
    const { seal, original, archive: packed, first_seq, next_seq, root } = manifest;
    await this.#tell('RHA-0011', {
      segment: step.segment,
      first_seq,
      next_seq,
      root,
      sha256: original.sha256,
      archive_sha256: packed.sha256,
      manifest_digest: manifest.digest,
      bytes: original.bytes,
      archive_bytes: packed.bytes,
      key_id: seal?.key_id ?? null,
    });
  }

  /** That it can be had back, and is where it has to be. */
  async #check(manifest: ArchiveManifest): Promise<void> {
    const { directory, archive = '', sinks, check } = this.#deps;
    const fault = await check({ directory, archive, manifest }, this.#scope);
    if (fault !== undefined) throw failed(manifest.segment, fault);
    for (const sink of sinks) await sink.put(manifest, archivePaths(archive, manifest.segment), this.#scope);
  }

  async #eraseSegment(step: PlannedStep): Promise<void> {
    const { journal, archive } = this.#deps;
    const known = this.#segment(step);
    const time = this.#time();
    if (!known.isErased) await journal.erase(step.segment);
    // The copy that the archive has is the same key.
    if (archive !== undefined) await this.#destroy(archivePaths(archive, step.segment).key, archive);
    const time_of = known.isErased ? 'found' : 'erased';
    await this.#certify({ ...erasedSegment(known, this.#rootBehind(known)), time, time_of, by: this.#deps.actor.id });
  }

  /** The index still has what it was made from: nothing is erased before that is gone. */
  async #certify(facts: ErasedFacts): Promise<void> {
    const { state, files, forget } = this.#deps;
    await forget();
    const { id } = await this.#tell('RHA-0013', { ...certificateOf(facts) });
    const text = `${canonicalJson({ ...certificateOf(facts, id) })}\n`;
    await replaceFile(files, certificatePath(state, facts.kind, facts.segment), Buffer.from(text));
  }

  /** In order, as far as nothing stands in the way. */
  async #prune(steps: readonly PlannedStep[]): Promise<void> {
    const gone: PlannedStep[] = [];
    for (const step of steps) {
      // One that was archived right now was checked right now.
      if (step.reason === 'archived') await this.#try(step, () => this.#checkArchived(step));
      if (this.#outcomes.get(step) !== undefined) break;
      gone.push(step);
    }
    const [first, last] = [gone[0], gone.at(-1)];
    if (first === undefined || last === undefined) return;
    await this.#try(last, async () => {
      const { journal, directory, files, overwritePasses: passes } = this.#deps;
      const overwritten = await this.#overwriting(directory);
      await journal.prune(last.segment, passes === undefined ? undefined : (path) => wipe(path, passes, files));
      await this.#removeTorn(last.segment);
      await this.#deps.forget();
      const [from, to] = [this.#segment(first), this.#segment(last)];
      await this.#tell('RHA-0012', {
        first_segment: first.segment,
        last_segment: last.segment,
        first_seq: from.summary.first_seq,
        next_seq: to.summary.first_seq + to.summary.records,
        root: this.#rootBehind(to),
        ...overwritten,
      });
    });
    const failure = this.#outcomes.get(last);
    for (const step of gone) this.#outcomes.set(step, failure);
  }

  /** What crashes have left of records up to there. */
  async #removeTorn(segment: number): Promise<void> {
    const { files, directory } = this.#deps;
    for (const name of await files.list(directory)) {
      const [, number] = TORN.exec(name) ?? [];
      if (number !== undefined && Number(number) <= segment) await files.remove(join(directory, name));
    }
    await files.syncDirectory(directory);
  }

  async #checkArchived({ segment }: PlannedStep): Promise<void> {
    const found = this.#inventory.archives.find((each) => each.segment === segment);
    if (found === undefined) throw failed(segment, 'its archive is not there');
    await this.#check(found.manifest);
  }

  /** The manifest goes last: while it is there, the rest is still to go. */
  async #removeArchive(step: PlannedStep): Promise<void> {
    const { files, archive = '' } = this.#deps;
    const found = this.#inventory.archives.find(({ segment }) => segment === step.segment);
    if (found === undefined) return;
    const { data, key, manifest } = archivePaths(archive, step.segment);
    await this.#destroy(key, archive);
    if (step.erases) {
      const { id: by } = this.#deps.actor;
      await this.#certify({ ...erasedArchive(found.manifest), time: this.#time(), time_of: 'erased', by });
    }
    const { overwritePasses: passes } = this.#deps;
    const overwritten = await this.#overwriting(archive);
    if (passes === undefined || !(await files.list(archive)).includes(basename(data))) await files.remove(data);
    else await wipe(data, passes, files);
    await files.syncDirectory(archive);
    const { segment, first_seq, next_seq, root } = found.manifest;
    await this.#tell('RHA-0016', { segment, first_seq, next_seq, root, ...overwritten });
    await files.remove(manifest);
    await files.syncDirectory(archive);
  }

  /** What records say of overwriting in a directory, where it is asked for; what a crash has left half done is done. */
  async #overwriting(directory: string): Promise<{ readonly overwritten?: OverwriteFacts }> {
    const { overwritePasses: passes, medium, files } = this.#deps;
    if (passes === undefined) return {};
    await wipeRest(directory, passes, files);
    return { overwritten: overwriteFacts(passes, await medium(directory)) };
  }

  #destroy(path: string, directory: string): Promise<boolean> {
    return destroyKey(path, directory, this.#deps);
  }

  /** What would have gone by now, had nobody asked to keep it. */
  async #tellHeld(): Promise<void> {
    const held = new Map<string, number[]>();
    for (const { holds, dueAt, segment, kind } of this.#plan.steps) {
      if (dueAt === undefined || dueAt > this.#plan.at || kind !== 'segment') continue;
      for (const id of holds) held.set(id, [...(held.get(id) ?? []), segment]);
    }
    for (const [hold, segments] of held) {
      await this.#tell('RHA-0014', { hold, count: segments.length, segments: rangesText(segments) });
    }
  }

  #tell(
    code: JournalCode,
    details: Readonly<Record<string, unknown>>,
    outcome: AuditEntry['outcome'] = 'success',
  ): Promise<{ readonly id: string }> {
    const { class: auditClass, action } = JOURNAL_CODES[code];
    const { journal, actor } = this.#deps;
    return journal.append({ class: auditClass, action, code, phase: 'fact', outcome, actor, details }, this.#scope);
  }

  #segment({ segment }: PlannedStep): KnownSegment {
    const found = this.#inventory.segments.find((each) => each.segment === segment);
    if (found === undefined) throw failed(segment, 'it is not there');
    return found;
  }

  #manifestFacts(known: KnownSegment) {
    const { header, summary, classes = {} } = known;
    const { journal, segment, first_seq, created, seal } = header;
    const text = (ms: number): string => new Date(ms).toISOString();
    const firsts = Object.values(classes).map(({ first }) => first);
    return {
      journal,
      segment,
      archived: this.#time(),
      first_seq,
      next_seq: first_seq + summary.records,
      root: this.#rootBehind(known),
      from: firsts.length === 0 ? created : text(Math.min(...firsts)),
      to: text(known.to),
      classes: Object.fromEntries(
        Object.entries(classes).map(([name, { first, last, records }]) => [
          name,
          { first: text(first), last: text(last), records },
        ]),
      ),
      seal: seal === undefined ? null : { cipher: seal.cipher, key_id: seal.key_digest },
    };
  }

  /** As the header of the next one says: a closed segment always has one. */
  #rootBehind({ segment }: KnownSegment): string {
    const next = this.#inventory.segments.find((each) => each.segment === segment + 1);
    if (next === undefined) throw failed(segment, 'the segment behind it is not there');
    return next.header.root;
  }

  #time(): string {
    return new Date(this.#deps.now()).toISOString();
  }
}

function planDetails(steps: readonly PlannedStep[]): JsonObject {
  const of = (isMeant: (step: PlannedStep) => boolean): string =>
    rangesText(steps.filter(isMeant).map(({ segment }) => segment));
  return {
    archive: of(({ action }) => action === 'archive'),
    erase: of(({ erases }) => erases),
    remove: of(({ kind, removes }) => kind === 'segment' && removes),
    remove_archives: of(({ kind }) => kind === 'archive'),
  };
}

function failed(segment: number, reason: string): Error {
  return auditError('AUDIT_ARCHIVE_FAILED', { details: { segment, reason } });
}
