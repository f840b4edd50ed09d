import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '@roundhouse/core';
import { type PeerProcess, startPeer } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from './log.ts';

const PROGRAM = fileURLToPath(new URL('logProcess.fixture.ts', import.meta.url));

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-log-'));
  path = join(folder, 'server.log');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(lines: number, maxBytes: number, ending: string, to = path): Promise<PeerProcess> {
  const args = ['--conditions=source', PROGRAM, to, String(lines), String(maxBytes), ending];
  return startPeer(process.execPath, args);
}

/** Numbers of all lines, in order of the files; each line has to be whole. */
function readNumbers(): readonly number[] {
  const order = (name: string): string => (name === 'server.log' ? '~' : name.replace(/\.gz$/, ''));
  const byNumber = (a: string, b: string): number => order(a).localeCompare(order(b), 'en', { numeric: true });
  // What was being compressed stands there whole as well.
  const isWhole = (name: string, _: number, all: readonly string[]): boolean =>
    !name.endsWith('.partial') && !all.includes(`${name}.gz`);
  return readdirSync(folder)
    .filter(isWhole)
    .toSorted(byNumber)
    .flatMap((name) => {
      const bytes = readFileSync(join(folder, name));
      const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
      return text.split('\n').filter((line) => line !== '');
    })
    .flatMap((line) => {
      const { line: number } = JSON.parse(line) as { line?: number };
      return number === undefined ? [] : [number];
    });
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a process that logs into a file', () => {
  it.each(['end', 'exit', 'throw'])('loses no line by rotation, nor by its end (%s)', async (ending) => {
    await using peer = await start(20_000, 200_000, ending);
    await peer.exited;
    expect(readNumbers().toSorted((a, b) => a - b)).toEqual(upTo(20_000));
    expect(readdirSync(folder).length).toBeGreaterThan(5);
  });

  it('loses no more than its buffer by SIGKILL, and leaves files that the next process goes on with', async () => {
    let before = 0;
    for (let round = 0; round < 3; round++) {
      await using peer = await start(50_000_000, 100_000, 'run');
      await expect.poll(() => readdirSync(folder).length, { timeout: 20_000 }).toBeGreaterThan(before + 8);
      peer.kill();
      await peer.exited;
      before = readdirSync(folder).length;
    }
    // A process that ends in peace tidies up what the others left.
    const log = await openLog({ to: { path, rotation: { maxFiles: 10_000 } } }, { clock: systemClock });
    const unfinished = (): string[] =>
      readdirSync(folder).filter((name) => !name.endsWith('.gz') && name !== 'server.log');
    await expect.poll(unfinished, { timeout: 20_000 }).toEqual([]);
    await log.close();
    const numbers = readNumbers();
    // Each life begins at 0 and goes on without a gap to where it was killed.
    expect(numbers.filter((number) => number === 0)).toHaveLength(3);
    const jumps = numbers.filter(
      (number, index) => index > 0 && number !== 0 && number !== (numbers[index - 1] as number) + 1,
    );
    expect(jumps).toEqual([]);
  });

  it.each(['end', 'exit', 'throw'])('loses no line on its way through a pipe (%s)', async (ending) => {
    await using peer = await start(20_000, 0, ending, '-');
    let text = '';
    peer.onOutput((piece) => (text += piece));
    await peer.exited;
    const lines = text.split('\n').filter((line) => line !== '');
    const numbers = lines.map((line) => (JSON.parse(line) as { line: number }).line);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(upTo(20_000));
  });

  it('goes on when the disk is full', async () => {
    const log = await openLog({ to: { path: '/dev/full' } }, { clock: systemClock });
    log.logger.info('nowhere to go');
    await expect.poll(() => log.status().isFailing).toBe(true);
    expect(log.recent()).toHaveLength(1);
    await log.close();
  });
});
