import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createScope, type LogFields, silentLogger, systemClock } from '@roundhouse/core';
import { startPeer } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../journal/open.ts';
import type { SearchIndex } from './contract.ts';
import { openIndex } from './open.ts';

const PROGRAM = fileURLToPath(new URL('./indexer.process.fixture.ts', import.meta.url));
const ROUNDS = 4;
const scope = createScope();

/** Kills a process that writes and indexes, when its index has so many records more. */
async function killed(journal: string, index: string, more: number): Promise<void> {
  const peer = await startPeer(process.execPath, ['--conditions=source', '--no-warnings', PROGRAM, journal, index]);
  let output = '';
  let first: number | undefined;
  const enough = new Promise<void>((resolve) => {
    peer.onOutput((text) => {
      output += text;
      const last = Number(output.split('\n').at(-2) ?? 0);
      first ??= last;
      if (last >= first + more) resolve();
    });
  });
  await Promise.race([enough, peer.exited]);
  if (peer.exit !== undefined) throw peer.failure('it ended by itself');
  peer.kill();
  await peer.exited;
}

async function all(index: SearchIndex, host?: string): Promise<readonly string[]> {
  let text = '';
  const query = { since: 0, ...(host !== undefined && { host }) };
  for await (const piece of index.export(query, 'jsonl', scope)) text += piece;
  return text.split('\n');
}

describe('an index whose process is killed while it takes records in', () => {
  it('goes on from what it has, without a gap and without making it anew', async () => {
    const root = await mkdtemp(join(tmpdir(), 'audit-index-kill-'));
    const [directory, own, anew] = [join(root, 'journal'), join(root, 'index'), join(root, 'anew')];
    try {
      for (let round = 0; round < ROUNDS; round++) await killed(directory, own, randomInt(200, 4_000));
      const lines: Array<readonly [string, LogFields | undefined]> = [];
      const take = (message: string, fields?: LogFields): void => void lines.push([message, fields]);
      const log = { ...silentLogger, warn: take, error: take };
      await using journal = await openJournal({ directory }, { clock: systemClock, log: silentLogger });
      await using index = openIndex({ directory: own }, { clock: systemClock, log, journal });
      await using other = openIndex({ directory: anew }, { clock: systemClock, log, journal });
      await other.rebuild(() => {}, scope);
      const total = journal.status().next_seq;
      expect(total).toBeGreaterThan(ROUNDS * 200);
      const found = await all(index);
      expect(found).toHaveLength(total + 1);
      expect(found).toEqual(await all(other));
      expect(await all(index, 'host-3')).toEqual(await all(other, 'host-3'));
      expect(lines).toEqual([]);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }, 120_000);
});
