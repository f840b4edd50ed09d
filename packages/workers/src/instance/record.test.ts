import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InstanceRecord, NEW_RECORD, Records } from './record.ts';

const ID = { worker: 'web', number: 0 };
const OTHER = { worker: 'web', number: 1 };
const numbered = (generation: number): InstanceRecord<never> => ({ ...NEW_RECORD, generation });

let directory = '';
let records = new Records<never>('');
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'record-'));
  records = new Records(directory);
});
afterEach(() => rm(directory, { recursive: true }));

const pathOf = (number: number): string => join(directory, 'workers', 'web', String(number), 'state.json');
const generationOf = async (number: number): Promise<unknown> =>
  (JSON.parse(await readFile(pathOf(number), 'utf8')) as { readonly generation: unknown }).generation;

describe('a record', () => {
  it('is read as it was written, by whoever comes next', async () => {
    const record: InstanceRecord<{ readonly restarts: number }> = {
      desired: 'running',
      rest: { kind: 'waiting', reason: 'backoff', until: 1_700_000_000_000 },
      generation: 7,
      launchedAt: 4,
      restarts: 3,
      lastExit: { generation: 6, code: null, signal: 'SIGSEGV', isKnown: true, at: 5, reason: 'signalled' },
      specDigest: 'digest',
      history: { restarts: 2 },
      adjustments: 1,
      bootId: 'boot',
    };
    await new Records<{ readonly restarts: number }>(directory).write(ID, record);
    expect(await new Records(directory).read(ID)).toEqual(record);
    expect(await records.read(OTHER)).toEqual(NEW_RECORD);
  });

  it('keeps what it does not say at what is new', async () => {
    await records.write(ID, { ...NEW_RECORD, desired: undefined, generation: 2 });
    expect(await records.read(ID)).toStrictEqual(numbered(2));
  });

  it.each(['', '{"generation":', 'null', '[]'])('is new when it reads %j', async (text) => {
    await mkdir(join(pathOf(0), '..'), { recursive: true });
    await writeFile(pathOf(0), text);
    expect(await records.read(ID)).toEqual(NEW_RECORD);
  });

  it('cannot be used where its place is taken', async () => {
    await mkdir(pathOf(0), { recursive: true });
    const unusable = {
      code: 'WORKER_RUN_DIRECTORY',
      details: { directory: join(directory, 'workers', 'web', '0'), reason: 'a directory is in the place of a file' },
    };
    await expect(records.read(ID)).rejects.toMatchObject(unusable);
    await expect(records.write(ID, NEW_RECORD)).rejects.toMatchObject(unusable);
  });

  it('cannot be used where there can be no directory, and can again once there can', async () => {
    await writeFile(join(directory, 'workers'), '');
    const unusable = { code: 'WORKER_RUN_DIRECTORY', details: { reason: 'a part of the path is no directory' } };
    const writes = [1, 2, 3].map((generation) => records.write(ID, numbered(generation)));
    for (const each of await Promise.allSettled(writes)) expect(each).toMatchObject({ reason: unusable });
    await rm(join(directory, 'workers'));
    await records.write(ID, numbered(4));
    expect(await generationOf(0)).toBe(4);
  });
});

describe('writes in a row', () => {
  it('come to two: the first, and the last of those asked for meanwhile', async () => {
    const first = records.write(ID, numbered(1));
    const rest = Array.from({ length: 999 }, (_, index) => records.write(ID, numbered(index + 2)));
    expect(new Set(rest).size).toBe(1);
    await first;
    expect(await generationOf(0)).toBe(1);
    await Promise.all(rest);
    expect(await generationOf(0)).toBe(1_000);
  });

  it('of one instance do not hold up another', async () => {
    const slow = Array.from({ length: 10 }, (_, index) => records.write(ID, numbered(index)));
    await records.write(OTHER, numbered(5));
    expect(await generationOf(1)).toBe(5);
    await Promise.all(slow);
  });

  it('are told to be done once they are, with those that come in between', async () => {
    const writes = [1, 2].map((generation) => records.write(ID, numbered(generation)));
    const later = writes[0]?.then(() => records.write(ID, numbered(3)));
    await records.settled(ID);
    expect(await generationOf(0)).toBe(3);
    await Promise.all([...writes, later]);
    await records.settled(ID);
  });

  it('are done as well when they fail', async () => {
    await mkdir(pathOf(0), { recursive: true });
    const failed = Promise.allSettled([1, 2].map((generation) => records.write(ID, numbered(generation))));
    await records.settled(ID);
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
