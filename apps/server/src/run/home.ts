import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyRing, type KeyRing, Secret } from '@roundhouse/core';
import { serverError } from '../errors.ts';
import { generateToken } from '../token.ts';

/** What an installation keeps beside its store, for the owner's eyes alone. */
export interface Home {
  readonly directory: string;
  /** Seals secrets in the store. Without it they are lost. */
  readonly keyRing: KeyRing;
  readonly cursorKey: Uint8Array;
  /** Token of the root principal. */
  readonly token: Secret;
  /** Whether it was made just now, and nobody knows it yet. */
  readonly isTokenNew: boolean;
}

const KEY_BYTES = 32;

/** Opens the data directory; what is missing is made. Raises HOME_UNUSABLE. */
export async function openHome(directory: string): Promise<Home> {
  try {
    // Workers may run as other users, and pass through to what is theirs.
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const [seal, cursor, token] = await Promise.all([
      readOrMake(join(directory, 'seal.key'), () => randomBytes(KEY_BYTES).toString('base64')),
      readOrMake(join(directory, 'cursor.key'), () => randomBytes(KEY_BYTES).toString('base64')),
      readOrMake(join(directory, 'token'), generateToken),
    ]);
    return {
      directory,
      keyRing: createKeyRing(new Map([['1', new Secret(seal.text)]]), '1'),
      cursorKey: Buffer.from(cursor.text, 'base64'),
      token: new Secret(token.text),
      isTokenNew: token.isNew,
    };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw serverError('HOME_UNUSABLE', { details: { directory, reason: code ?? message }, cause });
  }
}

/** The text of a file; the first to come writes it, whole, and all read the same. */
async function readOrMake(
  file: string,
  make: () => string,
): Promise<{ readonly text: string; readonly isNew: boolean }> {
  try {
    return { text: (await readFile(file, 'utf8')).trim(), isNew: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = make();
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${text}\n`, { mode: 0o600, flush: true });
  try {
    await link(temporary, file);
    return { text, isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { text: (await readFile(file, 'utf8')).trim(), isNew: false };
  } finally {
    await rm(temporary, { force: true });
  }
}
