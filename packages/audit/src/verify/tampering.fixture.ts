import { createPrivateKey, createPublicKey } from 'node:crypto';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bed } from '../journal/journal.fixture.ts';
import { parseCheckpoint, signCheckpoint } from '../proof/checkpoint.ts';
import { CompactRange } from '../proof/merkle.ts';
import { noteEntry, splitNotes } from '../proof/noteFile.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { chainOf, decodeFrame, FLAGS, type Frame, frameLeaf } from '../segment/frame.ts';
import { decodeHeader, encodeHeader } from '../segment/header.ts';
import type { Fault, Verdict } from './verify.ts';

/** A small journal of three segments, closed, and what was kept elsewhere while it was written. */
export interface Sample extends AsyncDisposable {
  readonly bed: Bed;
  readonly key: string;
  /** Checkpoints: of the first two segments, and of all. */
  readonly early: string;
  readonly final: string;
  /** For a test to change. */
  copy(): Promise<string>;
}

export async function makeSample(): Promise<Sample> {
  const bed = await Bed.create();
  const journal = await bed.open({ checkpoint: { records: 3 } });
  const add = (id: string): Promise<unknown> =>
    journal.append(entryOf({ class: 'security', resource: { kind: 'k', id }, details: {} }));
  for (const id of ['a', 'b']) await add(id);
  await journal.rotate();
  for (const id of ['c', 'd']) await add(id);
  const early = (await journal.checkpoint()).note;
  await journal.evolveKey();
  await journal.rotate();
  for (const id of ['e', 'f']) await add(id);
  await journal.inclusion(3);
  await journal.close();
  let copies = 0;
  return {
    bed,
    key: journal.status().public_key,
    early,
    final: (await readNotes(bed.directory, 'checkpoints')).at(-1) as string,
    async copy() {
      const directory = bed.beside(`copy-${copies++}`);
      await cp(bed.directory, directory, { recursive: true });
      return directory;
    },
    [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
  };
}

/** Something that somebody does to a journal, and what the verifier has to say to it. */
export interface Tampering {
  readonly what: string;
  readonly verdict: Verdict;
  readonly fault?: Partial<Fault>;
  /** Only a checkpoint that was kept elsewhere tells: the last one. */
  readonly isSeenElsewhere?: true;
  readonly change: (directory: string, sample: Sample) => Promise<unknown>;
}

const RECORDS: ReadonlyArray<readonly [string, Verdict, (frames: Buffer[]) => Buffer[]]> = [
  ['dropped', 'disordered', ([first, , ...rest]) => [first as Buffer, ...rest]],
  ['dropped at the beginning', 'disordered', ([, ...rest]) => rest],
  ['twice', 'disordered', ([first, ...rest]) => [first as Buffer, first as Buffer, ...rest]],
  ['swapped', 'disordered', ([first, second, ...rest]) => [second as Buffer, first as Buffer, ...rest]],
  ['cut', 'truncated', (frames) => [...frames.slice(0, -1), (frames.at(-1) as Buffer).subarray(0, 20)]],
  ['cut off with all behind it', 'truncated', (frames) => frames.slice(0, 1)],
  ['behind the end', 'disordered', (frames) => [...frames, frames[0] as Buffer]],
];

export const TAMPERINGS: readonly Tampering[] = [
  ...RECORDS.flatMap(([what, verdict, changed]) =>
    [0, 1, 2].map(
      (segment): Tampering => ({
        what: `a record of segment ${segment} is ${what}`,
        verdict,
        change: (directory) => changeFrames(directory, segment, changed),
      }),
    ),
  ),
  {
    what: 'a record is altered',
    verdict: 'altered',
    fault: { file: '00000001.seg', seq: 4 },
    change: (directory) =>
      change(directory, '00000001.seg', (bytes) => {
        bytes[bytes.indexOf('"id":"d"') + 6] = 'x'.charCodeAt(0);
        return bytes;
      }),
  },
  { what: 'the first segment is missing', verdict: 'disordered', change: (directory) => rm(at(directory, 0)) },
  {
    what: 'a segment is missing',
    verdict: 'disordered',
    fault: { file: '00000001.seg' },
    change: (directory) => rm(at(directory, 1)),
  },
  { what: 'the last segment is missing', verdict: 'truncated', change: (directory) => rm(at(directory, 2)) },
  {
    what: 'two segments are swapped',
    verdict: 'disordered',
    fault: { file: '00000001.seg' },
    async change(directory) {
      await rename(at(directory, 1), at(directory, 9));
      await rename(at(directory, 2), at(directory, 1));
      await rename(at(directory, 9), at(directory, 2));
    },
  },
  {
    what: 'a segment is there twice',
    verdict: 'disordered',
    fault: { file: '00000003.seg' },
    change: (directory) => cp(at(directory, 2), at(directory, 3)),
  },
  {
    what: 'a segment is cut within its header',
    verdict: 'truncated',
    fault: { file: '00000002.seg' },
    change: (directory) => change(directory, '00000002.seg', (bytes) => bytes.subarray(0, 100)),
  },
  {
    what: 'all hashes are worked out again',
    verdict: 'altered',
    change: (directory) => forge(directory, 'a'),
  },
  {
    what: 'and all checkpoints are signed with the key of today',
    verdict: 'untrusted',
    async change(directory) {
      await writeNotes(directory, await resign(directory, await forge(directory, 'a')));
    },
  },
  {
    what: 'and those checkpoints alone that it may sign',
    verdict: 'altered',
    fault: { file: 'keys' },
    async change(directory) {
      await writeNotes(directory, (await resign(directory, await forge(directory, 'a'))).slice(-1));
    },
  },
  {
    what: 'what is newer than the key of today is signed with it',
    verdict: 'altered',
    isSeenElsewhere: true,
    async change(directory) {
      const states = await forge(directory, 'e');
      const signer = await stolenSigner(directory);
      const forged = (await readNotes(directory, 'checkpoints')).map((note) => {
        const old = parseCheckpoint(note);
        if (old === undefined || old.epoch === 0) return note;
        return signCheckpoint({ ...old, ...states[old.size] }, signer).note;
      });
      await writeNotes(directory, forged);
    },
  },
  {
    what: 'an old checkpoint is played again',
    verdict: 'disordered',
    fault: { file: 'checkpoints' },
    change: (directory, { early }) =>
      change(directory, 'checkpoints', (bytes) => Buffer.concat([bytes, Buffer.from(noteEntry(early))])),
  },
  {
    what: 'all of an old state is played again',
    verdict: 'untrusted',
    isSeenElsewhere: true,
    async change(directory, { early }) {
      await rm(at(directory, 2));
      await rm(join(directory, '00000002.leaf'), { force: true });
      const [firstKey] = await readNotes(directory, 'keys');
      await writeFile(join(directory, 'keys'), noteEntry(firstKey as string));
      await writeNotes(directory, [early]);
    },
  },
];

const at = (directory: string, number: number): string => join(directory, `0000000${number}.seg`);

async function readNotes(directory: string, name: string): Promise<readonly string[]> {
  return splitNotes(await readFile(join(directory, name))).notes;
}

const writeNotes = (directory: string, notes: readonly string[]): Promise<void> =>
  writeFile(join(directory, 'checkpoints'), notes.map(noteEntry).join(''));

async function change(directory: string, name: string, changed: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(join(directory, name), changed(await readFile(join(directory, name))));
}

interface Parts {
  readonly head: Buffer;
  readonly frames: Buffer[];
}

function split(bytes: Buffer): Parts {
  const { length } = decodeHeader(bytes) as { length: number };
  const frames: Buffer[] = [];
  for (let offset = length; offset < bytes.length; offset += frames.at(-1)?.length ?? 0) {
    frames.push(Buffer.from((decodeFrame(bytes, offset, offset) as Frame).bytes));
  }
  return { head: bytes.subarray(0, length), frames };
}

/** Changes the frames of a segment; its index would give it away too, so it goes. */
async function changeFrames(directory: string, number: number, changed: (frames: Buffer[]) => Buffer[]): Promise<void> {
  const { head, frames } = split(await readFile(at(directory, number)));
  await writeFile(at(directory, number), Buffer.concat([head, ...changed(frames)]));
  await rm(join(directory, `0000000${number}.leaf`), { force: true });
}

interface State {
  readonly size: number;
  readonly root: Buffer;
  readonly chain: Buffer;
}

/** Gives a record another id and works all hashes out again, as somebody would who has every right but the old keys. */
async function forge(directory: string, id: string): Promise<readonly State[]> {
  const range = new CompactRange();
  let chain: Buffer = Buffer.alloc(32);
  let recordChain = chain;
  const states: State[] = [{ size: 0, root: range.root(), chain }];
  for (const number of [0, 1, 2]) {
    const { head, frames } = split(await readFile(at(directory, number)));
    const header = encodeHeader({
      ...(decodeHeader(head) as NonNullable<ReturnType<typeof decodeHeader>>).header,
      previous_chain: chain.toString('base64'),
      record_chain: recordChain.toString('base64'),
      root: range.root().toString('base64'),
      range: range.roots.map((root) => root.toString('base64')),
    });
    chain = header.digest;
    const parts = [header.bytes];
    let records = 0;
    for (const bytes of frames) {
      const isFooter = bytes[12] === FLAGS.footer;
      const text = bytes.toString('utf8', 13, bytes.length - 32);
      const footer = { ...(JSON.parse(text) as object), records, root: range.root().toString('base64') };
      const body = Buffer.from(isFooter ? JSON.stringify(footer) : text.replace(`"id":"${id}"`, '"id":"z"'));
      const next = Buffer.concat([bytes.subarray(0, 13), body, Buffer.alloc(32)]);
      next.writeUInt32BE(body.length);
      const frame = decodeFrame(next, 0, 0) as Frame;
      chain = chainOf(chain, frame);
      chain.copy(next, next.length - 32);
      parts.push(next);
      if (isFooter) continue;
      records++;
      range.append(frameLeaf(frame));
      recordChain = chain;
      states.push({ size: range.size, root: range.root(), chain });
    }
    await writeFile(at(directory, number), Buffer.concat(parts));
    await rm(join(directory, `0000000${number}.leaf`));
  }
  await rm(join(directory, 'tree'), { force: true });
  return states;
}

/** Notes of all checkpoints, of what the journal is now, with the key of today. */
async function resign(directory: string, states: readonly State[]): Promise<readonly string[]> {
  const signer = await stolenSigner(directory);
  const facts = (await readNotes(directory, 'checkpoints')).flatMap((note) => parseCheckpoint(note) ?? []);
  return facts.map((each) => signCheckpoint({ ...each, ...states[each.size], epoch: 1 }, signer).note);
}

/** The private key that the host has now, as a thief finds it. */
async function stolenSigner(directory: string): Promise<Parameters<typeof signCheckpoint>[1]> {
  const seed = Buffer.from(await readFile(join(directory, 'private', 'epoch-1.key'), 'utf8'), 'base64');
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const [note = ''] = await readNotes(directory, 'keys');
  const [, name = ''] = /\nkey ([^\n+]+)\+/.exec(note) ?? [];
  return { name, privateKey, publicKey: createPublicKey(privateKey) };
}
