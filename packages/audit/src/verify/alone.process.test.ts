import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPeer } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { Bed } from '../journal/journal.fixture.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { verifyFiles } from './verify.ts';

const SOURCE = fileURLToPath(new URL('./verify.ts', import.meta.url));

describe('the verifier', () => {
  it('detects every single bit that is another, in each file that it reads', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open();
    await journal.append(entryOf({ class: 'security' }));
    await journal.rotate();
    await journal.inclusion(1);
    await journal.close();
    const { public_key: key } = journal.status();
    const names = (await readdir(bed.directory)).filter((name) => /\.(seg|leaf)$|^(keys|checkpoints)$/.test(name));
    expect(names.toSorted()).toEqual([
      '00000000.leaf',
      '00000000.seg',
      '00000001.leaf',
      '00000001.seg',
      'checkpoints',
      'keys',
    ]);
    const bytes = new Map(await Promise.all(names.map(async (name) => [name, await bed.read(name)] as const)));
    const verify = (changed: string, copy: Buffer): ReturnType<typeof verifyFiles> =>
      verifyFiles(names, (name) => Buffer.from(name === changed ? copy : (bytes.get(name) as Buffer)), { key });
    const missed: string[] = [];
    for (const [name, whole] of bytes) {
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const copy = Buffer.from(whole);
        copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
        const { verdict, fault } = verify(name, copy);
        if (verdict === 'intact' || verdict === 'pruned' || fault?.file === undefined)
          missed.push(`${name} bit ${bit}`);
      }
    }
    expect(missed).toEqual([]);
    expect(verify('', Buffer.alloc(0)).verdict).toBe('intact');
  }, 300_000);

  it('runs alone: one file in an empty directory, and Node', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open();
    await journal.append(entryOf({ class: 'security' }));
    await journal.close();
    const alone = bed.beside('alone');
    await mkdir(alone);
    await copyFile(SOURCE, join(alone, 'verify.ts'));
    const { public_key } = journal.status();
    const intact = await run(alone, join(alone, 'verify.ts'), bed.directory, '--key', public_key);
    expect(intact.output).toMatch(/^intact: 3 records/);
    expect(intact.code).toBe(0);
    const other = await run(alone, join(alone, 'verify.ts'), bed.directory, '--key', public_key.replace(/.$/, 'A'));
    expect(other.code).not.toBe(0);
    expect(await readFile(SOURCE, 'utf8')).not.toMatch(/from '(?!node:)/);
  });
});

async function run(cwd: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const peer = await startPeer(process.execPath, ['--no-warnings', ...args], { cwd });
  const { code } = await peer.exited;
  return { code, output: peer.output };
}
