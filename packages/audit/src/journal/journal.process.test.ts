import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createScope, systemClock } from '@roundhouse/core';
import { startPeer } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../record/entry.fixture.ts';
import type { AuditRecord } from '../record/entry.ts';
import { verifyJournal } from '../verify/verify.ts';
import { Bed, keyRing } from './journal.fixture.ts';

const PROGRAM = fileURLToPath(new URL('./writerProcess.ts', import.meta.url));
const WRITERS = 8;
const isLong = process.env['ROUNDHOUSE_LONG'] === '1';
const ROUNDS = Number(process.env['ROUNDHOUSE_AUDIT_KILLS'] ?? (isLong ? 200 : 12));
const real = { clock: systemClock } as const;

/** Lets a writer acknowledge so many records, kills it, and gives the lines of all that it acknowledged. */
async function killedWriter(directory: string, records: number): Promise<readonly string[]> {
  const peer = await startPeer(process.execPath, [
    '--conditions=source',
    '--no-warnings',
    PROGRAM,
    directory,
    `${WRITERS}`,
  ]);
  let output = '';
  let lines = 0;
  const enough = new Promise<void>((resolve) => {
    peer.onOutput((text) => {
      output += text;
      lines += text.split('\n').length - 1;
      if (lines >= records) resolve();
    });
  });
  await Promise.race([enough, peer.exited]);
  if (peer.exit !== undefined) throw peer.failure('it ended by itself');
  peer.kill();
  await peer.exited;
  // A line that was cut off in the middle was not acknowledged.
  return output.slice(0, output.lastIndexOf('\n')).split('\n');
}

describe('a writer that is killed', () => {
  it(
    `loses nothing that it acknowledged, and leaves no gap, ${ROUNDS} times`,
    async () => {
      await using bed = await Bed.create();
      const acknowledged = new Map<number, string>();
      for (let round = 0; round < ROUNDS; round++) {
        for (const line of await killedWriter(bed.directory, randomInt(1, 400))) {
          const [seq, ...rest] = line.split(' ');
          acknowledged.set(Number(seq), rest.join(' '));
        }
      }
      const journal = await bed.open({}, { ...real, keyRing: keyRing() });
      const key = journal.status().public_key;
      expect(journal.status().damage).toBeUndefined();
      using scope = createScope();
      let next = 0;
      let found = 0;
      let recovered = 0;
      for await (const { seq, action, details } of journal.read({}, scope)) {
        expect(seq).toBe(next++);
        if (action === 'journal.recovered') recovered++;
        const expected = acknowledged.get(seq);
        if (expected === undefined) continue;
        expect(`${Number(details?.['writer'])} ${Number(details?.['index'])}`).toBe(expected);
        found++;
      }
      expect(found).toBe(acknowledged.size);
      // Each tail that was torn is kept beside, and told.
      const torn = (await readdir(bed.directory)).filter((name) => name.includes('.torn-'));
      expect(recovered).toBe(torn.length);
      await journal.close();
      const { verdict, fault } = verifyJournal(bed.directory, { key });
      expect(fault).toBeUndefined();
      expect(verdict).toBe('intact');
    },
    60_000 + ROUNDS * 10_000,
  );
});

describe('a storm', () => {
  it('of a hundred writers with rotation, while a reader follows, leaves an order that verifies', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open({ rotation: { maxBytes: 65_536 } }, { ...real, keyRing: keyRing() });
    const keepAlive = setInterval(() => {}, 1_000);
    using scope = createScope();
    const followed: AuditRecord[] = [];
    const following = (async () => {
      for await (const record of journal.follow(0, scope)) followed.push(record);
    })();
    await Promise.all(
      Array.from({ length: 100 }, async (_, writer) => {
        for (let index = 0; index < 40; index++) {
          const classes = ['security', 'access', 'system'] as const;
          await journal.append(entryOf({ class: classes[index % 3] ?? 'access', details: { writer, index } }));
          if (writer === 0 && index % 10 === 0) await journal.rotate();
        }
      }),
    );
    await journal.close();
    await following;
    clearInterval(keepAlive);
    expect(followed.map(({ seq }) => seq)).toEqual(Array.from({ length: followed.length }, (_, index) => index));
    const last = new Map<unknown, number>();
    for (const { details } of followed.filter(({ action }) => action === 'session.create')) {
      const { writer, index } = details as { writer: number; index: number };
      expect(index).toBe((last.get(writer) ?? -1) + 1);
      last.set(writer, index);
    }
    expect([...last.values()].every((index) => index === 39)).toBe(true);
    expect(verifyJournal(bed.directory)).toMatchObject({ verdict: 'intact', size: followed.length });
  });
});

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('a real disk', () => {
  /** A file system of one MiB, or undefined where none may be mounted. */
  async function mounted(
    bed: Bed,
  ): Promise<(AsyncDisposable & { readonly path: string; remount(mode: 'ro' | 'rw'): void }) | undefined> {
    const path = bed.beside('small');
    await mkdir(path);
    const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
    if (!mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path)) return undefined;
    return {
      path,
      remount: (mode) => expect(mount('-o', `remount,${mode}`, path)).toBe(true),
      async [Symbol.asyncDispose]() {
        spawnSync('umount', ['-l', path]);
      },
    };
  }

  it('that fills up refuses, loses nothing, and is written again when there is room', async ({ skip }) => {
    await using bed = await Bed.create();
    await using disk = await mounted(bed);
    if (disk === undefined) return skip();
    const directory = join(disk.path, 'journal');
    const journal = await bed.open({ directory }, real);
    const filler = join(disk.path, 'filler');
    await writeFile(filler, Buffer.alloc(700_000));
    let kept = 0;
    const refused = await (async () => {
      for (;;) {
        try {
          await journal.append(entryOf({ class: 'security', details: { kept, padding: 'x'.repeat(2_000) } }));
          kept++;
        } catch (error) {
          return error;
        }
      }
    })();
    expect(refused).toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await rm(filler);
    await expect.poll(() => journal.status().state, { timeout: 30_000, interval: 50 }).toBe('writing');
    await journal.append(entryOf({ class: 'security', details: { kept } }));
    using scope = createScope();
    const records = await Array.fromAsync(journal.read({}, scope));
    const numbers = records.filter(({ action }) => action === 'session.create').map(({ details }) => details?.['kept']);
    expect(numbers).toEqual(Array.from({ length: kept + 1 }, (_, index) => index));
    await journal.close();
    expect(verifyJournal(directory).verdict).toBe('intact');
  });

  it('that becomes read-only refuses, and is written again when it is not', async ({ skip }) => {
    await using bed = await Bed.create();
    await using disk = await mounted(bed);
    if (disk === undefined) return skip();
    const directory = join(disk.path, 'journal');
    await (await bed.open({ directory }, real)).close();
    disk.remount('ro');
    await expect(bed.open({ directory }, real)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    disk.remount('rw');
    await (await bed.open({ directory }, real)).close();
    expect(verifyJournal(directory).verdict).toBe('intact');
  });
});
