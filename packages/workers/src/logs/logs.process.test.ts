import { type ChildProcess, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { exitOf, Installation, LOG_SPEC, readIfThere, until } from './installation.fixture.ts';
import type { LogLine } from './contract.ts';
import { currentName, sealedFiles, sealedName } from './layout.ts';

const INSTANCE = { worker: 'web', number: 0 };
const MIB = 1_048_576;

/** All bytes of stdout that are kept, in order. */
function kept(directory: string): Buffer {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return keptNow(directory);
    } catch (error) {
      // A rotation came in between.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 100) throw error;
    }
  }
}

function keptNow(directory: string): Buffer {
  const names = readdirSync(directory);
  const sealed = [...sealedFiles(names, 'stdout', 'plain'), ...sealedFiles(names, 'stdout', 'compressed')];
  const parts = sealed
    .toSorted((a, b) => a.from - b.from)
    .map((file) => {
      const bytes = readFileSync(join(directory, sealedName(file)));
      return file.kind === 'compressed' ? gunzipSync(bytes) : bytes;
    });
  const current = names.includes(currentName('stdout')) ? [readFileSync(join(directory, currentName('stdout')))] : [];
  return Buffer.concat([...parts, ...current]);
}

function keptBytes(directory: string): number {
  try {
    const names = readdirSync(directory);
    const to = Math.max(
      0,
      ...['plain' as const, 'compressed' as const]
        .flatMap((kind) => sealedFiles(names, 'stdout', kind))
        .map((file) => file.to),
    );
    return to + (names.includes(currentName('stdout')) ? statSync(join(directory, currentName('stdout'))).size : 0);
  } catch {
    return -1;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Whether a process has the file open. */
function holds({ pid }: ChildProcess, path: string): boolean {
  const descriptors = `/proc/${pid}/fd`;
  return readdirSync(descriptors).some((name) => {
    try {
      return readlinkSync(join(descriptors, name)) === path;
    } catch {
      // Closed meanwhile.
      return false;
    }
  });
}

function text(line: LogLine): string {
  return Buffer.from(line.bytes).toString();
}

describe('log daemon', () => {
  it('keeps 100 MB over many rotations without a byte lost or added, and ends files at line ends', async () => {
    using at = new Installation();
    const { out } = at.makeFifos(INSTANCE);
    await at.logs.configure(INSTANCE, LOG_SPEC);
    await at.start();
    await at.write(out, `seq 1 12000000`);
    const directory = at.directoryOf(INSTANCE);
    const expected = spawnSync('sh', ['-c', 'seq 1 12000000 | sha256sum'], { encoding: 'utf8' }).stdout.split(' ')[0];
    const size = Number(spawnSync('sh', ['-c', 'seq 1 12000000 | wc -c'], { encoding: 'utf8' }).stdout);
    await until(() => keptBytes(directory) >= size);
    expect(sha256(kept(directory))).toBe(expected);
    const segments = sealedFiles(readdirSync(directory), 'stdout', 'plain');
    expect(segments.length).toBeGreaterThanOrEqual(9);
    for (const segment of segments) {
      expect(segment.to - segment.from).toBeLessThan(LOG_SPEC.maxBytes + '12000000\n'.length);
      expect(readFileSync(join(directory, sealedName(segment))).at(-1)).toBe(0x0a);
    }
  });

  it('loses at most what it had read, and neither order nor lines twice, when it is killed again and again', async () => {
    using at = new Installation();
    const { out } = at.makeFifos(INSTANCE);
    await at.logs.configure(INSTANCE, { ...LOG_SPEC, maxBytes: 262_144 });
    let daemon = await at.start();
    let isDone = false;
    const lines = 400_000;
    const written = at.write(
      out,
      `i=0; while [ $i -lt 40 ]; do seq $((i*10000+1)) $((i*10000+10000)); sleep 0.05; i=$((i+1)); done; echo end; sleep 1`,
    );
    void written.then(() => (isDone = true));
    let kills = 0;
    while (!isDone && kills < 8) {
      daemon.kill('SIGKILL');
      await exitOf(daemon);
      kills += 1;
      daemon = await at.start();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await written;
    const directory = at.directoryOf(INSTANCE);
    await until(() => kept(directory).subarray(-4).toString() === 'end\n');
    const numbers = kept(directory).toString().split('\n').slice(0, -2).map(Number);
    let disorder = 0;
    // A line may be torn where bytes are missing: there its rest joins the next one's.
    for (let i = 1; i < numbers.length; i += 1)
      if (!((numbers[i] as number) > (numbers[i - 1] as number))) disorder += 1;
    expect(kills).toBeGreaterThan(3);
    expect(disorder).toBeLessThanOrEqual(2 * kills);
    expect(lines * 7 - kept(directory).byteLength).toBeLessThanOrEqual(kills * 65_536);
    expect(new Set(numbers).size).toBeGreaterThanOrEqual(numbers.length - kills);
  });

  it('compresses files that are done, so that zcat and the reader read them', async () => {
    using at = new Installation();
    const { out } = at.makeFifos(INSTANCE);
    await at.logs.configure(INSTANCE, { ...LOG_SPEC, maxBytes: 1_000_000, isCompressed: true });
    await at.start();
    await at.write(out, 'seq 1 800000');
    const directory = at.directoryOf(INSTANCE);
    await until(() => {
      const names = readdirSync(directory);
      return (
        sealedFiles(names, 'stdout', 'compressed').length >= 5 && sealedFiles(names, 'stdout', 'plain').length === 0
      );
    });
    const first = join(directory, sealedName(sealedFiles(readdirSync(directory), 'stdout', 'compressed')[0] as never));
    const zcat = spawnSync('zcat', [first], { maxBuffer: 16 * MIB });
    expect(zcat.status).toBe(0);
    expect(zcat.stdout.subarray(0, 6).toString()).toBe('1\n2\n3\n');
    expect(sha256(kept(directory))).toBe(
      spawnSync('sh', ['-c', 'seq 1 800000 | sha256sum'], { encoding: 'utf8' }).stdout.split(' ')[0],
    );
    using scope = createScope();
    const found = await at.logs.read({ instances: [INSTANCE], limit: 3, pattern: '^77(777|778|7777)$' }, scope);
    expect(found.map(text)).toEqual(['77777', '77778', '777777'].filter((each) => /^77(777|778|7777)$/.test(each)));
    const tail = await at.logs.read({ instances: [INSTANCE], limit: 10_000 }, scope);
    expect(text(tail[0] as LogLine)).toBe('790001');
    expect(text(tail.at(-1) as LogLine)).toBe('800000');
    const [early] = await at.logs.read({ instances: [INSTANCE], limit: 1, untilMs: 1 }, scope);
    expect(early).toBeUndefined();
  });

  it('keeps binary output and lines of a megabyte as they are', async () => {
    using at = new Installation();
    const { out, err } = at.makeFifos(INSTANCE);
    await at.logs.configure(INSTANCE, { ...LOG_SPEC, maxBytes: 65_536 });
    await at.start();
    const binary = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919 + (i >> 8)) & 0xff));
    writeFileSync(join(at.home, 'binary'), binary);
    await at.write(out, `cat '${join(at.home, 'binary')}'`);
    await at.write(err, `head -c 1500000 /dev/zero | tr '\\0' x; echo; echo short`);
    const directory = at.directoryOf(INSTANCE);
    await until(() => keptBytes(directory) >= binary.byteLength);
    expect(sha256(kept(directory))).toBe(sha256(binary));
    using scope = createScope();
    let lines: readonly LogLine[] = [];
    await until(async () => {
      lines = await at.logs.read({ instances: [INSTANCE], stream: 'stderr', limit: 10 }, scope);
      return lines.length === 3;
    });
    expect(lines.map((line) => [line.bytes.byteLength, line.isCut])).toEqual([
      [MIB, true],
      [1_500_000 - MIB, false],
      [5, false],
    ]);
  });

  it('drops what is more than the rate, line by line, and tells how much in its place', async () => {
    using at = new Installation();
    const { out } = at.makeFifos(INSTANCE);
    await at.logs.configure(INSTANCE, { ...LOG_SPEC, rateLimit: 10_000 });
    await at.start();
    await at.write(out, 'seq 100001 110000');
    const directory = at.directoryOf(INSTANCE);
    await until(() => kept(directory).includes('dropped'));
    const lines = kept(directory).toString().trimEnd().split('\n');
    const told = lines.filter((line) => line.includes('[roundhouse]'));
    const dropped = told.reduce(
      (sum, line) => sum + Number(/(\d+) bytes dropped: more than 10000 bytes a second/.exec(line)?.[1]),
      0,
    );
    const numbers = lines.filter((line) => !line.includes('[roundhouse]'));
    expect(numbers.every((line) => /^1\d{5}$/.test(line))).toBe(true);
    expect(numbers.length * 7 + dropped).toBe(70_000);
    expect(numbers.length * 7).toBeLessThanOrEqual(30_000);
  });

  it('follows over rotations and compression without losing or doubling a line', async () => {
    using at = new Installation();
    const { out } = at.makeFifos(INSTANCE);
    await at.logs.configure(INSTANCE, { ...LOG_SPEC, maxBytes: 65_536, isCompressed: true });
    await at.start();
    await at.write(out, 'echo before');
    await until(() => keptBytes(at.directoryOf(INSTANCE)) === 7);
    using scope = createScope({ timeoutMs: 40_000 });
    const seen: string[] = [];
    const lines = at.logs.follow({ instances: [INSTANCE] }, scope);
    const written = at.write(
      out,
      'for i in 1 2 3 4 5 6 7 8 9 10; do seq ${i}00001 ${i}20000; sleep 0.03; done; echo end; sleep 0.2',
    );
    for await (const line of lines) {
      seen.push(text(line));
      if (text(line) === 'end') break;
    }
    await written;
    const expected = Array.from({ length: 10 }, (_, i) =>
      Array.from({ length: 20_000 }, (_, k) => String((i + 1) * 100_000 + k + 1)),
    ).flat();
    expect(seen).toEqual([...expected, 'end']);
  });

  it('goes on when the disk is full, tries again, and tells what is missing', async ({ skip }) => {
    const tmpfs = mkdtempSync(join(tmpdir(), 'roundhouse-full-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', tmpfs]).status !== 0) {
      rmSync(tmpfs, { recursive: true });
      skip('a tmpfs can be mounted by root only');
    }
    try {
      using at = new Installation(join(tmpfs, 'logs'));
      const { out } = at.makeFifos(INSTANCE);
      await at.logs.configure(INSTANCE, LOG_SPEC);
      const daemon = await at.start();
      // More than the disk holds: the writer is not held up.
      expect(await at.write(out, 'seq 100001 200000')).toBe(0);
      await until(() => at.told.includes('ENOSPC'));
      const directory = at.directoryOf(INSTANCE);
      spawnSync('mount', ['-o', 'remount,size=4m', tmpfs]);
      await until(() => kept(directory).includes('there was no room on the disk'));
      await at.write(out, 'echo again');
      await until(() => kept(directory).toString().endsWith('again\n'));
      const lines = kept(directory).toString().trimEnd().split('\n');
      const dropped = Number(/(\d+) bytes dropped/.exec(lines.find((line) => line.includes('dropped')) ?? '')?.[1]);
      const keptOfWriter = lines.filter((line) => /^\d+$/.test(line));
      expect(dropped).toBeGreaterThan(100_000);
      expect(keptOfWriter.join('\n').length + dropped).toBeLessThanOrEqual(700_000);
      expect(daemon.exitCode).toBeNull();
      expect(at.told).toContain('written again');
    } finally {
      spawnSync('umount', ['-l', tmpfs]);
      rmSync(tmpfs, { recursive: true });
    }
  });

  it('is the only one of its directory, and leaves it to the next when it ends', async () => {
    using at = new Installation();
    const first = await at.start();
    const second = at.spawn();
    expect(await exitOf(second)).toBe(0);
    expect(readIfThere(join(at.runDirectory, 'logd/pid'))).toMatch(new RegExp(`^${first.pid} \\d+ [0-9a-f-]{36}$`));
    first.kill('SIGTERM');
    expect(await exitOf(first)).toBe(0);
    await at.start();
  });

  it('ends when its run directory is removed', async () => {
    using at = new Installation();
    const daemon = await at.start();
    rmSync(at.runDirectory, { recursive: true });
    expect(await exitOf(daemon)).toBe(0);
    expect(at.told).toBe('');
  });

  it('takes up instances that are configured before it starts, before their FIFOs are there, and again', async () => {
    using at = new Installation();
    await at.logs.configure(INSTANCE, LOG_SPEC);
    const daemon = await at.start();
    const fifos = at.makeFifos(INSTANCE);
    await at.write(fifos.out, 'echo one');
    const directory = at.directoryOf(INSTANCE);
    await until(() => kept(directory).toString() === 'one\n');
    rmSync(join(at.runDirectory, 'workers/web'), { recursive: true });
    at.makeFifos(INSTANCE);
    await at.write(fifos.out, 'echo two');
    await until(() => kept(directory).toString() === 'one\ntwo\n');
    await at.logs.configure(INSTANCE, { ...LOG_SPEC, maxBytes: 5_000 });
    await until(async () => {
      await at.write(fifos.out, 'seq 1 1500');
      return sealedFiles(readdirSync(directory), 'stdout', 'plain').length > 0;
    });
    expect(await at.logs.size(INSTANCE)).toBeGreaterThan(8);
    await at.logs.release(INSTANCE);
    await until(() => !holds(daemon, fifos.out));
    const size = await at.logs.size(INSTANCE);
    await at.write(fifos.out, 'echo three');
    expect(await at.logs.size(INSTANCE)).toBe(size);
  });

  it('removes files that are too many or too old', async () => {
    using at = new Installation();
    const { out } = at.makeFifos(INSTANCE);
    await at.logs.configure(INSTANCE, { ...LOG_SPEC, maxBytes: 4_096, maxFiles: 3, maxAgeMs: 1_000 });
    await at.start();
    await at.write(out, 'seq 1 20000');
    const directory = at.directoryOf(INSTANCE);
    await until(() => kept(directory).toString().endsWith('20000\n'));
    const count = (): number => sealedFiles(readdirSync(directory), 'stdout', 'plain').length;
    expect(count()).toBeLessThanOrEqual(3);
    await until(() => count() === 0);
    await until(() => sealedFiles(readdirSync(directory), 'stdout', 'index').length === 0);
  });
});
