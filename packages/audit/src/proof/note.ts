import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

/**
 * Signed notes (c2sp.org/signed-note): lines of text, an empty line, and lines that sign it. Ed25519 alone (RFC 8032),
 * one signature a note.
 */
export interface NoteSigner {
  /** Without spaces and `+`. */
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Ed25519 among the kinds of signatures of a note. */
const ED25519 = 0x01;
const SIGNATURE_LINE = /^— (\S+) ([A-Za-z0-9+/]{91}=)\n$/;
/** SubjectPublicKeyInfo of an Ed25519 key but for its 32 bytes (RFC 8410 §4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const ID_BYTES = 4;

/** `text` ends with a line feed and has no empty line. */
export function signNote(text: string, signer: NoteSigner): string {
  const id = keyId(signer.name, rawPublicKey(signer.publicKey));
  const signature = sign(null, Buffer.from(text), signer.privateKey);
  return `${text}\n— ${signer.name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** The text of a note that this key has signed; undefined for any other. */
export function openNote(note: string, name: string, publicKey: KeyObject): string | undefined {
  const end = note.lastIndexOf('\n\n') + 1;
  const [, signedBy, encoded = ''] = SIGNATURE_LINE.exec(note.slice(end + 1)) ?? [];
  if (end === 0 || signedBy !== name) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const text = note.slice(0, end);
  const isRight =
    bytes.toString('base64') === encoded &&
    bytes.subarray(0, ID_BYTES).equals(keyId(name, rawPublicKey(publicKey))) &&
    verify(null, Buffer.from(text), publicKey, bytes.subarray(ID_BYTES));
  return isRight ? text : undefined;
}

/** A public key as tools for notes take it: `NAME+ID+KEY`. */
export function verifierKey(name: string, publicKey: KeyObject): string {
  const raw = rawPublicKey(publicKey);
  return `${name}+${keyId(name, raw).toString('hex')}+${Buffer.concat([Buffer.of(ED25519), raw]).toString('base64')}`;
}

/** The public key in the text of `verifierKey`; undefined for any other text. */
export function parseVerifierKey(text: string): { name: string; publicKey: KeyObject } | undefined {
  const [, name, id, encoded] = /^([^\s+]+)\+([\da-f]{8})\+([A-Za-z\d+/]{44})$/.exec(text) ?? [];
  if (name === undefined || encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const raw = bytes.subarray(1);
  if (bytes[0] !== ED25519 || bytes.toString('base64') !== encoded || keyId(name, raw).toString('hex') !== id) {
    return undefined;
  }
  return { name, publicKey: createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' }) };
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length);
}

function keyId(name: string, raw: Uint8Array): Buffer {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), raw]);
  return hash('sha256', input, 'buffer').subarray(0, ID_BYTES);
}
