import type { KeyObject } from 'node:crypto';
import { type NoteSigner, openNote, signNote } from './note.ts';

/** What a journal was at some size, signed: whoever keeps it elsewhere can show later that nothing of that was changed. */
export interface Checkpoint {
  /** Also the name of the key: `roundhouse/JOURNAL`. */
  readonly origin: string;
  /** Records. */
  readonly size: number;
  /** Root of the tree over them. */
  readonly root: Buffer;
  /** The chain behind the last of them; zeros for none. */
  readonly chain: Buffer;
  /** Epoch of the key that signed. */
  readonly epoch: number;
  /** RFC 3339, UTC, ms. */
  readonly time: string;
  /** The signed note (c2sp.org/signed-note) of the checkpoint (c2sp.org/tlog-checkpoint), for whoever keeps it. */
  readonly note: string;
}

export type CheckpointFacts = Omit<Checkpoint, 'note'>;

const TEXT =
  /^(roundhouse\/[A-Z\d]{26})\n(0|[1-9]\d{0,15})\n([A-Za-z\d+/]{43}=)\nchain ([A-Za-z\d+/]{43}=)\nepoch (0|[1-9]\d{0,8})\ntime (\S{24})\n$/;

/** `roundhouse/JOURNAL`. */
export function originOf(journal: string): string {
  return `roundhouse/${journal}`;
}

export function signCheckpoint(facts: CheckpointFacts, signer: NoteSigner): Checkpoint {
  const { origin, size, root, chain, epoch, time } = facts;
  const lines = [
    origin,
    size,
    root.toString('base64'),
    `chain ${chain.toString('base64')}`,
    `epoch ${epoch}`,
    `time ${time}`,
  ];
  return { ...facts, note: signNote(`${lines.join('\n')}\n`, signer) };
}

/** The checkpoint that a note of our own says, its signature unseen; undefined for any other text. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const end = note.indexOf('\n\n') + 1;
  const [, origin, size, root, chain, epoch, time] = TEXT.exec(note.slice(0, end)) ?? [];
  if (origin === undefined || time === undefined) return undefined;
  return {
    origin,
    size: Number(size),
    root: Buffer.from(root as string, 'base64'),
    chain: Buffer.from(chain as string, 'base64'),
    epoch: Number(epoch),
    time,
    note,
  };
}

/** The checkpoint of a note that this key has signed; undefined for any other. */
export function openCheckpoint(note: string, publicKey: KeyObject): Checkpoint | undefined {
  const checkpoint = parseCheckpoint(note);
  if (checkpoint === undefined) return undefined;
  return openNote(note, checkpoint.origin, publicKey) === undefined ? undefined : checkpoint;
}
