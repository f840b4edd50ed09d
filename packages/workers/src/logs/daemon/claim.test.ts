import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claim } from './claim.ts';

describe('claim', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'roundhouse-claim-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('is given once while its process lives', () => {
    const other = spawn('sleep', ['60']);
    try {
      expect(claim(directory, other.pid as number)).toBe(true);
      expect(claim(directory, process.pid)).toBe(false);
      expect(readFileSync(join(directory, 'pid'), 'utf8')).toMatch(new RegExp(`^${other.pid} `));
    } finally {
      other.kill();
    }
  });

  it('is not given in a run directory that has been removed, and does not bring that back', () => {
    const run = join(directory, 'run');
    expect(claim(join(run, 'logd'), process.pid)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
    expect(claim(join(directory, 'logd'), process.pid)).toBe(true);
  });

  it('passes on when its process is gone, and leaves nothing but its own files', () => {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const gone = spawnSync('true').pid;
    writeFileSync(join(directory, 'claim.4'), `${gone} 1 ${bootId}`);
    writeFileSync(join(directory, 'claim.9'), `${gone} 2 ${bootId}`);
    expect(claim(directory, process.pid)).toBe(true);
    expect(readdirSync(directory).toSorted()).toEqual(['claim.10', 'pid']);
  });

  it('is not held by another process of the same number, or by one before the boot', () => {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(join(directory, 'claim.1'), `${process.ppid} 1 ${bootId}`);
    expect(claim(directory, process.pid)).toBe(true);
    const identity = readFileSync(join(directory, 'pid'), 'utf8');
    writeFileSync(join(directory, 'claim.3'), identity.replace(bootId, '00000000-0000-0000-0000-000000000000'));
    expect(claim(directory, process.pid)).toBe(true);
  });

  it('is not held by what a kill has left of it', () => {
    writeFileSync(join(directory, 'claim.1'), '');
    expect(claim(directory, process.pid)).toBe(true);
  });
});
