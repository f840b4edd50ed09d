import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { isDomain } from '../smtp/mailbox.ts';
import { mimeError } from './errors.ts';

/** What a domain signs its mail with. RFC 6376 */
export interface DkimKey {
  readonly domain: string;
  /** The public key stands in the DNS at `<selector>._domainkey.<domain>`. */
  readonly selector: string;
  /** PEM of an RSA key. */
  readonly privateKey: Secret | string;
}

/** RFC 8301 §3.2 */
const LEAST_BITS = 1_024;

/**
 * Signs a message as it will go, with CRLF: rsa-sha256, relaxed/relaxed, over the headers that RFC 6376 §5.4 names.
 * Resolves to the message with its `DKIM-Signature`. Rejects with DKIM_KEY_INVALID.
 */
export async function signDkim(bytes: Uint8Array, { domain, selector, privateKey }: DkimKey): Promise<Uint8Array> {
  if (!isDomain(domain) || !isDomain(selector)) throw invalid('domain and selector are names of the DNS');
  const key = readKey(privateKey instanceof Secret ? privateKey.reveal() : privateKey);
  const { default: Dkim } = await import('nodemailer/lib/dkim');
  const signer = new Dkim({ domainName: domain, keySelector: selector, privateKey: key });
  const pieces: Buffer[] = [];
  for await (const piece of signer.sign(Buffer.from(bytes))) pieces.push(piece as Buffer);
  const signed = Buffer.concat(pieces);
  // The library passes on what it could not sign.
  if (!/^DKIM-Signature:/i.test(signed.subarray(0, 15).toString('latin1')))
    throw invalid('it came out without a signature');
  return signed;
}

function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Its message may show a part of the key.
    throw invalid('the key is no PEM of a private key');
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < LEAST_BITS) throw invalid('the key is no RSA key of enough bits');
  return key;
}

function invalid(reason: string): Error {
  return mimeError('DKIM_KEY_INVALID', { details: { reason } });
}
