import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { KeyRing } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import { type JournalFiles, writeNew } from '../files.ts';
import { Serial } from '../journal/serial.ts';
import type { RandomBytes } from './digest.ts';
import type { Digest } from './entry.ts';

/** What is known of persons, out of the records, so that it can be destroyed without touching them. */
export interface SubjectVault {
  /** Keeps the fields of a record; durable when it resolves. Gives their digests. */
  put(
    subject: string,
    record: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, Digest>>>;
  /** The fields of a record; undefined when there are none, or none any more. */
  get(subject: string, record: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Destroys the key of a person. Whether there was one. */
  erase(subject: string): Promise<boolean>;
}

const SALT_BYTES = 32;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const KEPT_KEYS = 256;

/** A line of a person's file. */
interface Sealed {
  readonly record: string;
  readonly sealed: string;
}

/**
 * A directory with two files a person, named by a hash of the subject: `ID.key`, wrapped by the key ring, and `ID.values`, a
 * line a record. Without a key ring the keys lie open beside what they seal: erasing them still destroys it.
 */
export class FileVault implements SubjectVault {
  readonly #directory: string;
  readonly #journal: string;
  readonly #deps: {
    readonly files: JournalFiles;
    readonly randomBytes: RandomBytes;
    readonly keyRing: KeyRing | undefined;
  };
  readonly #keys = new Map<string, KeyObject>();
  readonly #serial = new Serial();

  constructor(
    directory: string,
    journal: string,
    deps: { readonly files: JournalFiles; readonly randomBytes: RandomBytes; readonly keyRing: KeyRing | undefined },
  ) {
    this.#directory = directory;
    this.#journal = journal;
    this.#deps = deps;
  }

  put(
    subject: string,
    record: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, Digest>>> {
    const salted = Object.entries(fields).map(
      ([name, value]) => [name, { salt: Buffer.from(this.#deps.randomBytes(SALT_BYTES)), value }] as const,
    );
    return this.#serial.run(async () => {
      const id = this.#idOf(subject);
      const key = (await this.#keyOf(id)) ?? (await this.#create(id));
      const plain = JSON.stringify(
        Object.fromEntries(salted.map(([name, { salt, value }]) => [name, [salt.toString('base64'), value]])),
      );
      const line: Sealed = { record, sealed: this.#seal(key, plain, `${id}|${record}`) };
      const file = await this.#deps.files.append(this.#path(id, 'values'), 'any');
      try {
        // The line feed before it ends what a crash has left of another.
        await file.write(Buffer.from(`\n${JSON.stringify(line)}\n`));
        await file.sync();
      } finally {
        await file.close();
      }
      return Object.fromEntries(salted.map(([name, { salt, value }]) => [name, personalDigest(salt, value)]));
    });
  }

  async get(subject: string, record: string): Promise<Readonly<Record<string, string>> | undefined> {
    const id = this.#idOf(subject);
    const key = await this.#keyOf(id);
    const lines = (await this.#deps.files.read(this.#path(id, 'values')))?.toString().split('\n') ?? [];
    if (key === undefined) return undefined;
    for (const line of lines) {
      const sealed = parseLine(line);
      if (sealed?.record !== record) continue;
      const fields = JSON.parse(open(key, sealed.sealed, `${id}|${record}`)) as Record<string, [string, string]>;
      return Object.fromEntries(Object.entries(fields).map(([name, [, value]]) => [name, value]));
    }
    return undefined;
  }

  erase(subject: string): Promise<boolean> {
    return this.#serial.run(async () => {
      const id = this.#idOf(subject);
      this.#keys.delete(id);
      return destroyKey(this.#path(id, 'key'), this.#directory, this.#deps);
    });
  }

  async #keyOf(id: string): Promise<KeyObject | undefined> {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const text = (await this.#deps.files.read(this.#path(id, 'key')))?.toString();
    if (text === undefined) return undefined;
    const { keyRing } = this.#deps;
    if (text.startsWith('seal1.') && keyRing === undefined) {
      const reason = 'the keys of its persons are sealed, and no key ring is given';
      throw auditError('AUDIT_KEY_LOST', { details: { directory: this.#directory, reason } });
    }
    const plain =
      keyRing !== undefined && text.startsWith('seal1.') ? keyRing.open(text, this.#context(id)).reveal() : text;
    return this.#keep(id, Buffer.from(plain, 'base64'));
  }

  async #create(id: string): Promise<KeyObject> {
    const { files, randomBytes, keyRing } = this.#deps;
    const key = Buffer.from(randomBytes(KEY_BYTES));
    const text = key.toString('base64');
    await files.makeDirectory(this.#directory);
    await writeNew(files, this.#path(id, 'key'), Buffer.from(keyRing?.seal(text, this.#context(id)) ?? text));
    await files.syncDirectory(this.#directory);
    return this.#keep(id, key);
  }

  #keep(id: string, bytes: Buffer): KeyObject {
    const key = createSecretKey(bytes);
    bytes.fill(0);
    if (this.#keys.size >= KEPT_KEYS) this.#keys.clear();
    this.#keys.set(id, key);
    return key;
  }

  #seal(key: KeyObject, plain: string, context: string): string {
    const iv = this.#deps.randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context));
    const parts = [iv, cipher.update(plain, 'utf8'), cipher.final()];
    return Buffer.concat([...parts, cipher.getAuthTag()]).toString('base64');
  }

  #idOf(subject: string): string {
    return hash('sha256', `${this.#journal}\n${subject}`);
  }

  #path(id: string, ending: 'key' | 'values'): string {
    return join(this.#directory, `${id}.${ending}`);
  }

  #context(id: string): string {
    return `audit/${this.#journal}/subject/${id}`;
  }
}

/** Overwrites and removes a key; whether there was one. Raises Node's errors. */
export async function destroyKey(
  path: string,
  directory: string,
  { files, randomBytes }: { readonly files: JournalFiles; readonly randomBytes: RandomBytes },
): Promise<boolean> {
  const length = (await files.read(path))?.length;
  if (length === undefined) return false;
  await files.overwrite(path, randomBytes(length));
  await files.remove(path);
  await files.syncDirectory(directory);
  return true;
}

/** What a record has of a personal field. */
function personalDigest(salt: Buffer, value: string): Digest {
  return `sha256:${hash('sha256', Buffer.concat([salt, Buffer.from(value)]), 'base64url')}`;
}

function open(key: KeyObject, sealed: string, context: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString();
}

function parseLine(line: string): Sealed | undefined {
  if (line === '') return undefined;
  try {
    return JSON.parse(line) as Sealed;
  } catch {
    return undefined;
  }
}
