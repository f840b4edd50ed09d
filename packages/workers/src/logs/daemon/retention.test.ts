import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SealedFile, sealedName } from '../layout.ts';
import { retain } from './retention.ts';

describe('retain', () => {
  const clock = new FakeClock();
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'roundhouse-retention-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  function make(from: number, kinds: readonly SealedFile['kind'][], ageMs = 0): string[] {
    return kinds.map((kind) => {
      const name = sealedName({ stream: 'stdout', from, to: from + 10, kind });
      writeFileSync(join(directory, name), '');
      const changedAt = (clock.now() - ageMs) / 1_000;
      utimesSync(join(directory, name), changedAt, changedAt);
      return name;
    });
  }

  it('keeps the latest, with their indexes, and what is not its own', () => {
    make(0, ['compressed', 'index']);
    make(10, ['plain']);
    const kept = [...make(20, ['compressed', 'index']), ...make(30, ['plain', 'index'])];
    const others = ['stdout.log', 'stdout.index', 'stderr.0000000000000000-0000000000000010.log', 'notes.tmp'];
    for (const name of others) writeFileSync(join(directory, name), '');
    retain({ directory, stream: 'stdout', maxFiles: 2, maxAgeMs: undefined }, clock);
    expect(readdirSync(directory).toSorted()).toEqual([...kept, ...others].toSorted());
  });

  it('removes what is older than it may be', () => {
    make(0, ['compressed', 'index'], 5_001);
    const kept = make(10, ['compressed', 'index'], 5_000);
    retain({ directory, stream: 'stdout', maxFiles: 10, maxAgeMs: 5_000 }, clock);
    expect(readdirSync(directory).toSorted()).toEqual(kept.toSorted());
  });

  it('clears what a kill has left of a compression', () => {
    const [, compressed, index] = make(0, ['plain', 'compressed', 'index']) as [string, string, string];
    writeFileSync(join(directory, 'stdout.0000000000000010-0000000000000020.log.gz.tmp'), 'half');
    const half = make(10, ['plain']);
    retain({ directory, stream: 'stdout', maxFiles: 10, maxAgeMs: undefined }, clock);
    expect(readdirSync(directory).toSorted()).toEqual([compressed, index, ...half].toSorted());
  });
});
