import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFile, type RotationOptions } from './rotatingFile.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-log-'));
  path = join(folder, 'server.log');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function write(options: RotationOptions, lines: readonly string[], clock = new FakeClock()): Promise<string[]> {
  const troubles: string[] = [];
  const file = await RotatingFile.open(path, options, { clock, onTrouble: (message) => troubles.push(message) });
  for (const line of lines) await writeTo(file, line);
  await file.close();
  return troubles;
}

async function writeTo(file: RotatingFile, text: string): Promise<void> {
  await file.prepare(text.length);
  await file.write(Buffer.from(text));
}

/** Files of the folder with what they say, oldest first and the live one last. */
function read(): ReadonlyArray<readonly [name: string, text: string]> {
  return readdirSync(folder)
    .toSorted((a, b) => (a === 'server.log' ? 1 : b === 'server.log' ? -1 : a < b ? -1 : 1))
    .map((name) => {
      const bytes = readFileSync(join(folder, name));
      if (name.endsWith('.gz')) return [name, gunzipSync(bytes).toString()];
      return [name, (name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString()];
    });
}

describe('RotatingFile', () => {
  it('begins a new file before a line that would make it too large', async () => {
    await write({ maxBytes: 10, compression: 'none' }, ['12345\n', '678\n', 'abc\n']);
    expect(read()).toEqual([
      ['server.2026-01-01T00-00-00-000Z.log', '12345\n678\n'],
      ['server.log', 'abc\n'],
    ]);
  });

  it('gives files of the same moment names of their own', async () => {
    await write({ maxBytes: 1, compression: 'none' }, ['a\n', 'b\n', 'c\n', 'd\n']);
    expect(read().map(([, text]) => text)).toEqual(['b\n', 'c\n', 'a\n', 'd\n']);
  });

  it('begins a new file when the old one is old enough', async () => {
    const clock = new FakeClock();
    const file = await RotatingFile.open(
      path,
      { maxAgeMs: 1_000, compression: 'none' },
      { clock, onTrouble: () => {} },
    );
    await writeTo(file, 'a\n');
    await clock.advance(999);
    await writeTo(file, 'b\n');
    await clock.advance(1);
    await writeTo(file, 'c\n');
    await file.close();
    expect(read().map(([, text]) => text)).toEqual(['a\nb\n', 'c\n']);
  });

  it('never rotates within a line', async () => {
    await write({ maxBytes: 5, compression: 'none' }, ['a lo', 'ng line\n', 'b\n']);
    expect(read().map(([, text]) => text)).toEqual(['a long line\n', 'b\n']);
  });

  it.each(['gzip', 'zstd'] as const)(
    'compresses with %s, and finishes what an earlier process left',
    async (compression) => {
      const stamp = (second: number): string => join(folder, `server.2025-01-01T00-00-0${second}-000Z.log`);
      writeFileSync(stamp(1), 'left\n');
      writeFileSync(`${stamp(2)}.gz.partial`, 'half');
      writeFileSync(stamp(2), 'source of the half\n');
      const clock = new FakeClock();
      const file = await RotatingFile.open(path, { compression }, { clock, onTrouble: () => {} });
      await expect.poll(() => read().map(([, text]) => text)).toEqual(['left\n', 'source of the half\n', '']);
      await file.close();
      expect(readdirSync(folder).filter((name) => /\.(gz|zst)$/.test(name))).toHaveLength(2);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    },
  );

  it('keeps the one that is whole when both the file and its compressed form are there', async () => {
    const name = join(folder, 'server.2025-01-01T00-00-01-000Z.log');
    await write({ maxBytes: 1 }, []);
    writeFileSync(name, 'text\n');
    const file = await RotatingFile.open(path, {}, { clock: new FakeClock(), onTrouble: () => {} });
    await expect.poll(() => readdirSync(folder)).toContain('server.2025-01-01T00-00-01-000Z.log.gz');
    await file.close();
    writeFileSync(name, 'text\n');
    const next = await RotatingFile.open(path, {}, { clock: new FakeClock(), onTrouble: () => {} });
    await expect
      .poll(() => readdirSync(folder).toSorted())
      .toEqual(['server.2025-01-01T00-00-01-000Z.log.gz', 'server.log']);
    await next.close();
  });

  it.each([
    { maxFiles: 2, maxTotalBytes: 1_000 },
    { maxFiles: 9, maxTotalBytes: 8 },
  ])('drops the oldest beyond $maxFiles files and $maxTotalBytes bytes, and nothing else', async (bounds) => {
    for (const second of [1, 2, 3, 4])
      writeFileSync(join(folder, `server.2025-01-01T00-00-0${second}-000Z.log`), 'abc\n');
    writeFileSync(join(folder, 'server.old.log'), 'not ours\n');
    writeFileSync(join(folder, 'other.2025-01-01T00-00-01-000Z.log'), 'not ours\n');
    const file = await RotatingFile.open(
      path,
      { ...bounds, compression: 'none' },
      { clock: new FakeClock(), onTrouble: () => {} },
    );
    await expect
      .poll(() => readdirSync(folder).toSorted())
      .toEqual([
        'other.2025-01-01T00-00-01-000Z.log',
        'server.2025-01-01T00-00-03-000Z.log',
        'server.2025-01-01T00-00-04-000Z.log',
        'server.log',
        'server.old.log',
      ]);
    await file.close();
  });

  it('ends a line that a crash has cut', async () => {
    writeFileSync(path, '{"whole":1}\n{"cut":');
    await write({}, ['{"next":1}\n']);
    expect(readFileSync(path, 'utf8')).toBe('{"whole":1}\n{"cut":\n{"next":1}\n');
  });

  it('takes the file by its name again when it is told', async () => {
    const file = await RotatingFile.open(path, {}, { clock: new FakeClock(), onTrouble: () => {} });
    await writeTo(file, 'before\n');
    renameSync(path, join(folder, 'moved'));
    await writeTo(file, 'between, and ha');
    file.reopen();
    await writeTo(file, 'lf\n');
    await writeTo(file, 'after\n');
    await file.close();
    expect(readFileSync(join(folder, 'moved'), 'utf8')).toBe('before\nbetween, and half\n');
    expect(readFileSync(path, 'utf8')).toBe('after\n');
  });

  it('says which file it cannot use', async () => {
    writeFileSync(join(folder, 'file'), '');
    const opened = RotatingFile.open(
      join(folder, 'file', 'server.log'),
      {},
      { clock: new FakeClock(), onTrouble: () => {} },
    );
    await expect(opened).rejects.toMatchObject({ code: 'LOG_FILE_UNUSABLE' });
  });
});
