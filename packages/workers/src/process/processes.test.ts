import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import type { KernelFiles } from '../limits/kernelFiles.ts';
import { Processes } from './processes.ts';

const BOOT = 'f0000000-0000-4000-8000-000000000000';

/** `/proc` of processes that are told by name, state, session and start. */
function machineOf(
  table: Readonly<Record<number, { name?: string; state?: string; session?: number; start: number; environ?: string }>>,
): Processes {
  const texts = new Map<string, string>([
    ['/proc/sys/kernel/random/boot_id', `${BOOT}\n`],
    ['/proc/uptime', '1000.00 1.00\n'],
  ]);
  for (const [pid, { name = 'sleep', state = 'S', session = 1, start, environ = '' }] of Object.entries(table)) {
    texts.set(
      `/proc/${pid}/stat`,
      `${pid} (${name}) ${state} 1 ${session} ${session} ${'0 '.repeat(15)}${start} ${'0 '.repeat(30)}`,
    );
    texts.set(`/proc/${pid}/environ`, environ);
  }
  const files: Pick<KernelFiles, 'read' | 'list'> = {
    read(path) {
      const text = texts.get(path);
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
    list: () => ['self', 'uptime', ...Object.keys(table)],
  };
  return new Processes(files as KernelFiles, new FakeClock(2_000_000));
}

describe('a process', () => {
  const of = (startTime: number, bootId = BOOT): { pid: number; startTime: number; bootId: string } => ({
    pid: 7,
    startTime,
    bootId,
  });

  it.each([
    ['lives', { start: 500 }, of(500), true],
    ['lives with brackets and blanks in its name', { name: ') Z 1 (x', start: 500 }, of(500), true],
    ['is a zombie', { state: 'Z', start: 500 }, of(500), false],
    ['is dead', { state: 'X', start: 500 }, of(500), false],
    ['has the number of one that was', { start: 501 }, of(500), false],
    ['is of an earlier boot', { start: 500 }, of(500, 'another'), false],
  ])('that %s is told to', (_, entry, identity, isAlive) => {
    expect(machineOf({ 7: entry }).isAlive(identity)).toBe(isAlive);
  });

  it('that is gone is not alive', () => {
    expect(machineOf({}).isAlive(of(500))).toBe(false);
    expect(machineOf({}).identify(7)).toBeUndefined();
  });

  it('has begun as long ago as its ticks say', () => {
    expect(machineOf({}).startedAt(of(90_000))).toBe(2_000_000 - 100_000);
  });
});

describe('a tree', () => {
  const mark = { leader: { pid: 7, startTime: 500, bootId: BOOT }, token: 'abc' };
  const marked = 'A=1\0ROUNDHOUSE_RUN=abc\0';

  it('is the session of its leader and all that carry its token', async () => {
    const processes = machineOf({
      7: { session: 7, start: 500 },
      8: { session: 7, start: 501 },
      9: { session: 9, start: 502, environ: marked },
      10: { session: 10, start: 503, environ: 'ROUNDHOUSE_RUN=abcd\0' },
      11: { session: 7, state: 'Z', start: 504, environ: marked },
      12: { session: 12, start: 505, environ: 'X=ROUNDHOUSE_RUN=abc\0' },
    });
    expect(await processes.treeOf(mark)).toEqual([7, 8, 9]);
  });

  it('outlives its leader', async () => {
    const processes = machineOf({ 8: { session: 7, start: 501 }, 9: { session: 9, start: 502, environ: marked } });
    expect(await processes.treeOf(mark)).toEqual([8, 9]);
  });

  it('is not the session of another process with the number of its leader', async () => {
    const processes = machineOf({
      7: { session: 7, start: 900 },
      8: { session: 7, start: 901 },
      9: { session: 9, start: 502, environ: marked },
    });
    expect(await processes.treeOf(mark)).toEqual([9]);
  });

  it('is empty after a boot', async () => {
    const processes = machineOf({ 7: { session: 7, start: 500, environ: marked } });
    expect(await processes.treeOf({ ...mark, leader: { ...mark.leader, bootId: 'another' } })).toEqual([]);
  });
});
