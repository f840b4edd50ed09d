import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEntry, type AuditJournal, openJournal } from '@roundhouse/audit';
import { verifyJournal } from '@roundhouse/audit/verify';
import { createKeyRing, silentLogger, systemClock } from '@roundhouse/core';
import { figure, quantileOf } from './figure.ts';
import type { BenchOptions, Section } from './section.ts';

const GROUP_CALLERS = 128;
const STRICT_CALLERS = 16;

/** What one round gives: records a second, and how long each caller waited. */
interface Round {
  readonly rate: number;
  readonly waits: readonly number[];
}

/** How many records a second the journal keeps, what a caller waits for it, and how fast it is verified. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const rounds = quick ? 2 : 7;
  const records = quick ? 4_000 : 40_000;
  // What waits for its group does not keep a process alive.
  const keepAlive = setInterval(() => {}, 1_000);
  const directory = await mkdtemp(join(tmpdir(), 'audit-bench-'));
  const measured = { open: [] as Round[], sealed: [] as Round[], strict: [] as Round[], alone: [] as Round[] };
  const verified: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      for (const kind of ['open', 'sealed'] as const) {
        const own = join(directory, `${kind}-${round}`);
        const journal = await open(own, kind === 'sealed');
        measured[kind].push(await append(journal, 'access', GROUP_CALLERS, records));
        if (kind === 'sealed') {
          measured.strict.push(await append(journal, 'security', STRICT_CALLERS, records / 10));
          measured.alone.push(await append(journal, 'security', 1, records / 40));
        }
        await journal.close();
        const begunAt = performance.now();
        const { verdict, size } = verifyJournal(own);
        if (verdict !== 'intact') throw new Error(`The journal is ${verdict}`);
        verified.push((size / (performance.now() - begunAt)) * 1_000);
        await rm(own, { recursive: true });
      }
    }
  } finally {
    clearInterval(keepAlive);
    await rm(directory, { recursive: true });
  }
  const rates = (of: readonly Round[]): number[] => of.map(({ rate }) => rate);
  const waits = (of: readonly Round[], quantile: number): number[] =>
    of.map((each) => quantileOf(each.waits, quantile));
  return {
    title: 'Audit journal',
    figures: [
      figure('audit.group.records_s', `group commit, ${GROUP_CALLERS} callers`, 'records/s', rates(measured.open)),
      figure('audit.group.p99_ms', 'what a caller waits for it, p99', 'ms', waits(measured.open, 0.99)),
      figure('audit.sealed.records_s', 'group commit, sealed', 'records/s', rates(measured.sealed)),
      figure('audit.sealed.p99_ms', 'what a caller waits for it, p99', 'ms', waits(measured.sealed, 0.99)),
      figure(
        'audit.strict.records_s',
        `strict, ${STRICT_CALLERS} callers, sealed`,
        'records/s',
        rates(measured.strict),
      ),
      figure('audit.strict.alone_records_s', 'strict, one caller, sealed', 'records/s', rates(measured.alone)),
      figure('audit.verify.records_s', 'verification', 'records/s', verified),
    ],
    notes: [
      `${rounds} rounds, each with journals of their own; every caller appends the next record when it has heard of the last. Records of about 480 bytes.`,
      'Group commit and strict are told after fdatasync: the disk decides as much as the code. Verification reads frames, chain, tree and checkpoints of a journal in the page cache.',
    ],
  };
}

function open(directory: string, isSealed: boolean): Promise<AuditJournal> {
  const keyRing = createKeyRing(new Map([['bench', Buffer.alloc(32, 7)]]), 'bench');
  return openJournal({ directory }, { clock: systemClock, log: silentLogger, ...(isSealed && { keyRing }) });
}

async function append(
  journal: AuditJournal,
  auditClass: AuditEntry['class'],
  callers: number,
  records: number,
): Promise<Round> {
  const waits: number[] = [];
  const each = Math.floor(records / callers);
  const begunAt = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let index = 0; index < each; index++) {
        const at = performance.now();
        await journal.append(entryOf(auditClass, caller, index));
        waits.push(performance.now() - at);
      }
    }),
  );
  return { rate: ((each * callers) / (performance.now() - begunAt)) * 1_000, waits };
}

function entryOf(auditClass: AuditEntry['class'], caller: number, index: number): AuditEntry {
  return {
    class: auditClass,
    action: 'session.create',
    code: 'RHA-1001',
    phase: 'completed',
    outcome: 'success',
    actor: { type: 'principal', id: `caller-${caller}`, authentication: 'jwt' },
    resource: { kind: 'session', id: `s-${index}` },
    source: { address: '192.0.2.7', port: 50_000 + caller },
    request_id: '01J0000000000000000000000A',
    details: { group: 'production', lu: 'TN000017', index },
  };
}
