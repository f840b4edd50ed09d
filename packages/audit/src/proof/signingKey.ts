import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { isRoundhouseError, type KeyRing } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import { type JournalFiles, writeNew } from '../files.ts';
import type { RandomBytes } from '../record/digest.ts';
import { originOf } from './checkpoint.ts';
import { type NoteSigner, signNote, verifierKey } from './note.ts';
import { noteEntry, splitNotes } from './noteFile.ts';

/** What a journal was when a key came into force. */
export interface EpochStart {
  readonly size: number;
  readonly root: Buffer;
  readonly time: string;
}

export interface SigningKeyDependencies {
  readonly files: JournalFiles;
  readonly randomBytes: RandomBytes;
  readonly keyRing: KeyRing | undefined;
}

/** PKCS #8 of an Ed25519 key but for its seed (RFC 8410 §7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;
const KEY_TEXT =
  /^roundhouse\/([A-Z\d]{26})\/keys\n(0|[1-9]\d{0,15})\n[A-Za-z\d+/]{43}=\nepoch (0|[1-9]\d{0,8})\nkey (\S+)\ntime \S{24}\n$/;
const PRIVATE_NAME = /^epoch-(\d{1,9})\.key$/;

interface Epoch {
  readonly number: number;
  readonly signer: NoteSigner;
}

/**
 * The key that signs checkpoints. It evolves: the key of an epoch signs the public key of the next, with size and root of
 * the tree at that moment, and is destroyed. Who takes the key of today can sign nothing that the key of yesterday would
 * have had to. (The idea is that of forward-secure sealing in systemd-journald; the means is another, so that the public
 * part suffices to verify.)
 *
 * `keys` has a note for each epoch, the first signed by itself; `private/epoch-N.key` the one private key there is.
 */
export class SigningKey {
  readonly journal: string;
  /** The public key of the first epoch: by it the journal is known. */
  readonly publicKey: string;
  readonly #paths: { readonly keys: string; readonly private: string };
  readonly #deps: SigningKeyDependencies;
  #epoch: Epoch;

  private constructor(
    journal: string,
    publicKey: string,
    epoch: Epoch,
    paths: { readonly keys: string; readonly private: string },
    deps: SigningKeyDependencies,
  ) {
    this.journal = journal;
    this.publicKey = publicKey;
    this.#epoch = epoch;
    this.#paths = paths;
    this.#deps = deps;
  }

  get epoch(): number {
    return this.#epoch.number;
  }

  get signer(): NoteSigner {
    return this.#epoch.signer;
  }

  /** The key of a new journal. */
  static async create(
    journal: string,
    start: EpochStart,
    paths: { readonly keys: string; readonly private: string },
    deps: SigningKeyDependencies,
  ): Promise<SigningKey> {
    const epoch = { number: 0, signer: newSigner(journal, deps.randomBytes) };
    await deps.files.makeDirectory(paths.private);
    await storePrivate(epoch, journal, paths.private, deps);
    await appendKey(epoch, epoch.signer, journal, start, paths.keys, deps.files);
    const publicKey = verifierKey(epoch.signer.name, epoch.signer.publicKey);
    return new SigningKey(journal, publicKey, epoch, paths, deps);
  }

  /** That of a journal that is there; undefined when there is none. Raises AUDIT_KEY_LOST. */
  static async load(
    paths: { readonly keys: string; readonly private: string },
    deps: SigningKeyDependencies,
  ): Promise<SigningKey | undefined> {
    const bytes = await deps.files.read(paths.keys);
    const lost = (reason: string, cause?: unknown): Error =>
      auditError('AUDIT_KEY_LOST', { details: { directory: paths.private, reason }, cause });
    const { notes, length } = splitNotes(bytes ?? Buffer.alloc(0));
    const [first, last] = [notes[0], notes.at(-1)].map((note) => parseKeyNote(note ?? ''));
    if (first === undefined || last === undefined) {
      // A first note that was torn off: nothing was ever signed.
      if (notes.length === 0) {
        await deps.files.remove(paths.keys);
        return undefined;
      }
      throw lost('its list of keys is not one');
    }
    if (bytes !== undefined && bytes.length > length) await deps.files.truncate(paths.keys, length);
    const { journal, epoch: number } = last;
    const path = privatePath(paths.private, number);
    const text = await deps.files.read(path);
    if (text === undefined) throw lost(`its private key ${path} is not there`);
    const signer = signerOf(journal, openSeed(text.toString(), journal, number, deps.keyRing, lost));
    if (verifierKey(signer.name, signer.publicKey) !== last.key) throw lost(`${path} is the key of another journal`);
    await removeOthers(number, paths.private, deps);
    return new SigningKey(journal, first.key, { number, signer }, paths, deps);
  }

  /** The next epoch begins with the tree as it is now. Each step may be the last before a crash. */
  async evolve(start: EpochStart): Promise<void> {
    const { journal } = this;
    const next = { number: this.epoch + 1, signer: newSigner(journal, this.#deps.randomBytes) };
    await removeOthers(this.epoch, this.#paths.private, this.#deps);
    await storePrivate(next, journal, this.#paths.private, this.#deps);
    await appendKey(next, this.signer, journal, start, this.#paths.keys, this.#deps.files);
    this.#epoch = next;
    await removeOthers(next.number, this.#paths.private, this.#deps);
  }
}

interface KeyNote {
  readonly journal: string;
  readonly size: number;
  readonly epoch: number;
  /** Of that epoch, as `verifierKey` has it. */
  readonly key: string;
}

function parseKeyNote(note: string): KeyNote | undefined {
  const [, journal, size, epoch, key] = KEY_TEXT.exec(note.slice(0, note.indexOf('\n\n') + 1)) ?? [];
  if (journal === undefined || key === undefined) return undefined;
  return { journal, size: Number(size), epoch: Number(epoch), key };
}

async function appendKey(
  { number, signer }: Epoch,
  by: NoteSigner,
  journal: string,
  { size, root, time }: EpochStart,
  path: string,
  files: JournalFiles,
): Promise<void> {
  const key = verifierKey(signer.name, signer.publicKey);
  const text = `${originOf(journal)}/keys\n${size}\n${root.toString('base64')}\nepoch ${number}\nkey ${key}\ntime ${time}\n`;
  // What a fault has left of another attempt goes: there is one note an epoch.
  const before = (await files.read(path)) ?? Buffer.alloc(0);
  const kept = splitNotes(before).notes.slice(0, number).map(noteEntry).join('');
  if (before.length > Buffer.byteLength(kept)) await files.truncate(path, Buffer.byteLength(kept));
  const file = await files.append(path, 'any');
  try {
    await file.write(Buffer.from(noteEntry(signNote(text, by))));
    await file.sync();
  } finally {
    await file.close();
  }
}

async function storePrivate(
  { number, signer }: Epoch,
  journal: string,
  directory: string,
  { files, keyRing }: SigningKeyDependencies,
): Promise<void> {
  const seed = signer.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES).toString('base64');
  const text = keyRing === undefined ? seed : keyRing.seal(seed, sealContext(journal, number));
  await files.remove(privatePath(directory, number));
  await writeNew(files, privatePath(directory, number), Buffer.from(text));
  await files.syncDirectory(directory);
}

/** Overwrites and removes the private keys of all other epochs. */
async function removeOthers(
  number: number,
  directory: string,
  { files, randomBytes }: SigningKeyDependencies,
): Promise<void> {
  const names = (await files.list(directory)).filter((name) => {
    const [, found] = PRIVATE_NAME.exec(name) ?? [];
    return found !== undefined && Number(found) !== number;
  });
  for (const name of names) {
    const path = join(directory, name);
    const length = (await files.read(path))?.length ?? 0;
    await files.overwrite(path, randomBytes(length));
    await files.remove(path);
  }
  if (names.length > 0) await files.syncDirectory(directory);
}

function openSeed(
  text: string,
  journal: string,
  number: number,
  keyRing: KeyRing | undefined,
  lost: (reason: string, cause?: unknown) => Error,
): Buffer {
  const isSealed = text.startsWith('seal1.');
  if (isSealed && keyRing === undefined) throw lost('its private key is sealed, and no key ring is given');
  try {
    const plain = isSealed ? (keyRing as KeyRing).open(text, sealContext(journal, number)).reveal() : text;
    const seed = Buffer.from(plain, 'base64');
    if (seed.length === SEED_BYTES) return seed;
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    throw lost(error.message, error);
  }
  throw lost('its private key is not one');
}

function newSigner(journal: string, randomBytes: RandomBytes): NoteSigner {
  return signerOf(journal, Buffer.from(randomBytes(SEED_BYTES)));
}

function signerOf(journal: string, seed: Buffer): NoteSigner {
  const key = Buffer.concat([PKCS8_HEAD, seed]);
  const privateKey: KeyObject = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  key.fill(0);
  seed.fill(0);
  return { name: originOf(journal), privateKey, publicKey: createPublicKey(privateKey) };
}

function privatePath(directory: string, number: number): string {
  return join(directory, `epoch-${number}.key`);
}

function sealContext(journal: string, number: number): string {
  return `audit/${journal}/signing/${number}`;
}
