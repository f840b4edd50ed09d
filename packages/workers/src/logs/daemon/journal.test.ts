import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptStream } from '../kept.fixture.ts';
import { parseSealedName, sealedFiles, sealedName } from '../layout.ts';
import { StreamFiles } from '../streamFiles.ts';

function segments(directory: string): string[] {
  return sealedFiles(readdirSync(directory), 'stdout', 'plain').map((file) =>
    readFileSync(join(directory, sealedName(file)), 'latin1'),
  );
}

function current(directory: string): string {
  return readFileSync(join(directory, 'stdout.log'), 'latin1');
}

describe('Journal', () => {
  it('begins a new file at the line that does not fit', () => {
    using kept = new KeptStream(10);
    kept.write('aaa\nbbb\nccc\nddd\n');
    kept.write('eeeeeeeeeeeeeee\nf\n');
    expect(segments(kept.directory)).toEqual(['aaa\nbbb\n', 'ccc\nddd\n', 'eeeeeeeeeeeeeee\n']);
    expect(current(kept.directory)).toBe('f\n');
    expect(kept.sealed).toBe(3);
  });

  it('cuts a line only a MiB behind the size', () => {
    using kept = new KeptStream(4_096);
    for (let i = 0; i < 20; i += 1) kept.write(Buffer.alloc(65_536, 'x'));
    expect(segments(kept.directory).map((text) => text.length)).toEqual([4_096 + 1_048_576]);
  });

  it('loses and adds nothing, whatever is written and wherever it is killed', () => {
    const part = fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 40 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        using kept = new KeptStream(16);
        for (const [text, isKilled] of parts) {
          expect(kept.write(text)).toBe(text.length);
          if (isKilled) kept.reopen();
        }
        const all = parts.map(([text]) => text).join('');
        if (all !== '') expect(segments(kept.directory).join('') + current(kept.directory)).toBe(all);
      }),
      { numRuns: 50 },
    );
  });

  it('finishes a rotation that a kill has left between log and index', async () => {
    using kept = new KeptStream(1_000);
    kept.write('one\n');
    const index = readFileSync(join(kept.directory, 'stdout.index'));
    kept.journal.close();
    const segment = { stream: 'stdout', from: 0, to: 4 } as const;
    renameSync(join(kept.directory, 'stdout.log'), join(kept.directory, sealedName({ ...segment, kind: 'plain' })));
    const at = kept.clock.now();
    await kept.clock.advance(5_000);
    kept.reopen();
    kept.write('two\n');
    expect(readFileSync(join(kept.directory, sealedName({ ...segment, kind: 'index' })))).toEqual(index);
    using files = new StreamFiles(kept.directory, 'stdout');
    expect([files.begin, files.end]).toEqual([0, 8]);
    expect([files.timeAt(0), files.timeAt(4)]).toEqual([at, at + 5_000]);
  });

  it('leaves out records of bytes that were never written, and parts of records', async () => {
    using kept = new KeptStream(1_000);
    kept.write('one\n');
    kept.journal.close();
    const before = statSync(join(kept.directory, 'stdout.index')).size;
    appendFileSync(
      join(kept.directory, 'stdout.index'),
      Buffer.concat([Buffer.from(new Float64Array([4, 1]).buffer), Buffer.alloc(7)]),
    );
    await kept.clock.advance(1);
    kept.reopen();
    kept.write('two\n');
    expect(statSync(join(kept.directory, 'stdout.index')).size).toBe(before + 16);
    using files = new StreamFiles(kept.directory, 'stdout');
    expect(files.timeAt(4)).toBe(kept.clock.now());
  });

  it('goes on where it is looked for when somebody removes, moves or empties the file', async () => {
    using kept = new KeptStream(1_000);
    const path = join(kept.directory, 'stdout.log');
    const changes = [
      () => rmSync(path),
      () => renameSync(path, `${path}.old`),
      () => truncateSync(path),
      () => rmSync(kept.directory, { recursive: true }),
    ];
    for (const change of changes) {
      kept.write('before\n');
      change();
      await kept.clock.advance(250);
      expect(kept.write('after\n')).toBe(6);
      expect(current(kept.directory)).toBe('after\n');
    }
    using files = new StreamFiles(kept.directory, 'stdout');
    expect(files.end - files.begin).toBe(6);
  });

  it('goes on counting when all that was before has been removed', () => {
    using kept = new KeptStream(10);
    kept.write('aaaa\nbbbb\ncccc\n');
    kept.reopen();
    for (const name of readdirSync(kept.directory))
      if (parseSealedName(name) !== undefined) rmSync(join(kept.directory, name));
    kept.write('d\n');
    using files = new StreamFiles(kept.directory, 'stdout');
    expect([files.begin, files.end, current(kept.directory)]).toEqual([10, 17, 'cccc\nd\n']);
  });

  it('makes no directory again that is not wanted', async () => {
    using kept = new KeptStream(1_000);
    kept.write('before\n');
    kept.isWanted = false;
    rmSync(kept.directory, { recursive: true });
    await kept.clock.advance(250);
    expect(kept.write('after\n')).toBe(0);
    expect(kept.journal.fault).toBeInstanceOf(Error);
    expect(() => statSync(kept.directory)).toThrow('ENOENT');
    kept.isWanted = true;
    expect(kept.write('again\n')).toBe(6);
  });

  it('takes up a file that has no index, with its own time', () => {
    using kept = new KeptStream(1_000);
    kept.write('x\n');
    kept.journal.close();
    rmSync(join(kept.directory, 'stdout.index'));
    writeFileSync(join(kept.directory, 'stdout.log'), 'by a file\n');
    const { mtimeMs } = statSync(join(kept.directory, 'stdout.log'));
    kept.reopen();
    kept.write('by a daemon\n');
    using files = new StreamFiles(kept.directory, 'stdout');
    expect([files.timeAt(0), files.timeAt(9), files.timeAt(10)]).toEqual([mtimeMs, mtimeMs, kept.clock.now()]);
  });
});
