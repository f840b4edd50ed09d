import { readFileSync } from 'node:fs';
import { createScope, type Scope } from '@roundhouse/core';
import { openSession, type Session } from '@roundhouse/tn3270';
import { type Figure, figure } from './figure.ts';
import { memoryAfterCollection, type MemoryUse } from './heap.ts';
import { startLoadHost } from './loadHostChild.ts';
import type { BenchOptions, Section } from './section.ts';

/** Opened before the first look, so that code and pools are not charged to sessions. */
const WARM_UP_SESSIONS = 50;
const IDLE_SESSIONS = 1_000;
/** Sessions that connect at the same time. */
const CONNECTING = 64;
const OPEN_TIMEOUT_MS = 30_000;
/** Descriptors of a process besides those of its sessions. */
const OTHER_DESCRIPTORS = 100;

/** What an idle session costs, at a thousand of them and at as many as are asked for. */
export async function measure({ sessions }: BenchOptions): Promise<Section> {
  const limit = descriptorLimit();
  const most = Math.min(sessions, limit - OTHER_DESCRIPTORS - WARM_UP_SESSIONS);
  const few = Math.min(IDLE_SESSIONS, most);
  await using parts = new AsyncDisposableStack();
  const host = await startLoadHost(parts, 'form', 0, WARM_UP_SESSIONS + most);
  using scope = createScope();
  const started = performance.now();
  await open(host.port, WARM_UP_SESSIONS, scope);
  const before = await memoryAfterCollection();
  const first = await open(host.port, few, scope);
  const atFew = await memoryAfterCollection();
  const rest = await open(host.port, most - few, scope);
  const seconds = (performance.now() - started) / 1e3;
  const atMost = await memoryAfterCollection();
  const failures = [...first, ...rest].filter((session) => session instanceof Error);
  return {
    title: 'Memory of idle sessions in one process',
    figures: [
      ...perSession('session', few, before, atFew),
      ...perSession('session_full', most, before, atMost),
      figure('session_full.opened', `${count(most)} sessions`, 'opened', [most - failures.length]),
      figure('session_full.failed', `${count(most)} sessions`, 'failed', [failures.length]),
      figure('session_full.seconds', `${count(most)} sessions`, 's to open', [seconds]),
    ],
    notes: [
      `24 × 80 form screen in each, the host in another process; differences to ${WARM_UP_SESSIONS} sessions, after collection.`,
      ...(most < sessions
        ? [
            `Only ${count(most)} of ${count(sessions)} sessions: the limit of open files is ${count(limit)} (raise it: ulimit -n).`,
          ]
        : []),
      ...failures.slice(0, 1).map((failure) => `First failure: ${failure.message}`),
    ],
  };
}

function perSession(id: string, sessions: number, before: MemoryUse, after: MemoryUse): Figure[] {
  const label = `${count(sessions)} sessions`;
  return [
    figure(`${id}.rss_kb`, label, 'kB RSS each', [(after.rss - before.rss) / sessions / 1e3]),
    figure(`${id}.held_kb`, label, 'kB heap + external each', [(after.held - before.held) / sessions / 1e3]),
  ];
}

/** Opens sessions up to their first screen. One that fails is an error in the list. */
async function open(port: number, sessions: number, scope: Scope): Promise<Array<Session | Error>> {
  const opened: Array<Session | Error> = [];
  let left = sessions;
  const openInTurn = async (): Promise<void> => {
    while (left > 0) {
      left--;
      opened.push(await openOne(port, scope).catch((error: unknown) => error as Error));
    }
  };
  await Promise.all(Array.from({ length: CONNECTING }, openInTurn));
  return opened;
}

async function openOne(port: number, scope: Scope): Promise<Session> {
  const session = await openSession({ host: '127.0.0.1', port, model: '3279-2-E' }, scope);
  using wait = scope.child({ what: 'The first screen', timeoutMs: OPEN_TIMEOUT_MS });
  await session.waitFor({ for: 'unlocked' }, wait);
  return session;
}

/** Files that this process may have open. Node has raised the soft limit to the hard one as it started. */
function descriptorLimit(): number {
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line === null || line[1] === 'unlimited' ? Infinity : Number(line[1]);
}

function count(value: number): string {
  return value.toLocaleString('en');
}
