import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes as systemRandomBytes,
} from 'node:crypto';
import { sealError } from './errors.ts';
import { Secret } from './secret.ts';

/**
 * Seals secrets for storage: each is encrypted with a key of its own, which is sealed in its turn with a key of the ring
 * (AES-256-GCM both times, NIST SP 800-38D). A sealed text opens in the context alone that it was sealed for.
 */
export interface KeyRing {
  /** Id of the key that seals. */
  readonly currentId: string;
  /** `context` names the place that the secret belongs to, e.g. `webhook/orders/secret`. */
  seal(plaintext: string | Secret, context: string): string;
  /** Raises SEAL_KEY_UNKNOWN, SEAL_BROKEN. */
  open(sealed: string, context: string): Secret;
  /** The same secret, sealed with the current key; as it is when it is so already. Raises as `open` does. */
  rotate(sealed: string): string;
}

export interface KeyRingDependencies {
  /** Default: those of the system. */
  readonly randomBytes?: (size: number) => Uint8Array;
}

const VERSION = 'seal1';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;
/** `seal1.KEY_ID.WRAPPED_KEY.CIPHERTEXT`; the last two are base64url of IV, ciphertext and tag. */
const SEALED = /^seal1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * `keys`: 32 bytes each, or their base64 as a secret, by an id of letters, digits, `-` and `_`. They are copied. Raises
 * SEAL_KEY_INVALID, and SEAL_KEY_UNKNOWN when the current key is not among them.
 */
export function createKeyRing(
  keys: ReadonlyMap<string, Secret | Uint8Array>,
  currentId: string,
  { randomBytes = systemRandomBytes }: KeyRingDependencies = {},
): KeyRing {
  const ring = new Map([...keys].map(([id, key]) => [id, keyOf(id, key)]));
  const find = (id: string): KeyObject => {
    const key = ring.get(id);
    if (key === undefined) throw sealError('SEAL_KEY_UNKNOWN', { details: { key: id } });
    return key;
  };
  const currentKey = find(currentId);

  function encrypt(key: KeyObject, plaintext: Uint8Array, context: Uint8Array): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(context);
    const parts = [iv, cipher.update(plaintext), cipher.final()];
    return Buffer.concat([...parts, cipher.getAuthTag()]).toString('base64url');
  }

  function unwrap(keyId: string, wrapped: string): Buffer {
    return decrypt(find(keyId), wrapped, wrapContext(keyId));
  }

  return {
    currentId,
    seal(plaintext, context) {
      const dataKey = Buffer.from(randomBytes(KEY_BYTES));
      const text = Buffer.from(typeof plaintext === 'string' ? plaintext : plaintext.reveal(), 'utf8');
      try {
        const wrapped = encrypt(currentKey, dataKey, wrapContext(currentId));
        return join(currentId, wrapped, encrypt(createSecretKey(dataKey), text, dataContext(context)));
      } finally {
        dataKey.fill(0);
        text.fill(0);
      }
    },
    open(sealed, context) {
      const [keyId, wrapped, ciphertext] = split(sealed);
      const dataKey = unwrap(keyId, wrapped);
      try {
        const text = decrypt(createSecretKey(dataKey), ciphertext, dataContext(context));
        const secret = new Secret(text.toString('utf8'));
        text.fill(0);
        return secret;
      } finally {
        dataKey.fill(0);
      }
    },
    rotate(sealed) {
      const [keyId, wrapped, ciphertext] = split(sealed);
      const dataKey = unwrap(keyId, wrapped);
      try {
        return keyId === currentId
          ? sealed
          : join(currentId, encrypt(currentKey, dataKey, wrapContext(currentId)), ciphertext);
      } finally {
        dataKey.fill(0);
      }
    },
  };
}

function keyOf(id: string, key: Secret | Uint8Array): KeyObject {
  const invalid = (reason: string): Error => sealError('SEAL_KEY_INVALID', { details: { key: id, reason } });
  if (!KEY_ID.test(id)) throw invalid('its id has other characters than letters, digits, "-" and "_", or more than 64');
  if (key instanceof Secret && !BASE64.test(key.reveal())) throw invalid('it is not the base64 of 32 bytes');
  const bytes = key instanceof Secret ? Buffer.from(key.reveal(), 'base64') : Buffer.from(key);
  if (bytes.length !== KEY_BYTES) throw invalid(`it has ${bytes.length} bytes, not ${KEY_BYTES}`);
  return createSecretKey(bytes);
}

/** What a wrapped key is bound to: the key that wraps it, but no place, so that it can be sealed anew without it. */
function wrapContext(keyId: string): Buffer {
  return Buffer.from(`${VERSION} key ${keyId}`, 'utf8');
}

function dataContext(context: string): Buffer {
  return Buffer.from(`${VERSION} data ${context}`, 'utf8');
}

function join(keyId: string, wrapped: string, ciphertext: string): string {
  return `${VERSION}.${keyId}.${wrapped}.${ciphertext}`;
}

function split(sealed: string): [keyId: string, wrapped: string, ciphertext: string] {
  const match = SEALED.exec(sealed);
  if (match === null) throw broken('it has not the form of one');
  return match.slice(1) as [string, string, string];
}

function decrypt(key: KeyObject, text: string, context: Uint8Array): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  // Bits that stand for nothing would let a changed text pass.
  if (bytes.toString('base64url') !== text) throw broken('its base64 is not as it was written');
  if (bytes.length < IV_BYTES + TAG_BYTES) throw broken('it is too short');
  const iv = bytes.subarray(0, IV_BYTES);
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(context);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw broken('it is not as it was sealed, or not for this place', cause);
  }
}

function broken(reason: string, cause?: unknown): Error {
  return sealError('SEAL_BROKEN', { details: { reason }, cause });
}
