import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openNote, parseVerifierKey, signNote, verifierKey } from './note.ts';

/** Key and note of the reference implementation's tests (golang.org/x/mod/sumdb/note, note_test.go). */
const NAME = 'PeterNeumann';
const VERIFIER_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const NOTE = `${TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
/** PKCS #8 of an Ed25519 key but for its seed (RFC 8410 §7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, SEED]), format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey(privateKey);

describe('signed notes', () => {
  it('are signed as the reference signs them', () => {
    expect(signNote(TEXT, { name: NAME, privateKey, publicKey })).toBe(NOTE);
    expect(verifierKey(NAME, publicKey)).toBe(VERIFIER_KEY);
  });

  it('open with their key', () => {
    const { name, publicKey: parsed } = parseVerifierKey(VERIFIER_KEY) ?? {};
    expect(name).toBe(NAME);
    expect(parsed === undefined ? undefined : openNote(NOTE, NAME, parsed)).toBe(TEXT);
  });

  it('do not open when any one bit of them is another', () => {
    const bytes = Buffer.from(NOTE);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(openNote(changed.toString('utf8'), NAME, publicKey)).toBeUndefined();
    }
  });

  it('do not open for another name, nor without a signature', () => {
    expect(openNote(NOTE, 'Somebody', publicKey)).toBeUndefined();
    expect(openNote(TEXT, NAME, publicKey)).toBeUndefined();
  });

  it.each([
    'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
    'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann',
  ])('have no key %s', (text) => {
    expect(parseVerifierKey(text)).toBeUndefined();
  });
});
