import { createHmac, createPrivateKey, createPublicKey, createSecretKey, type KeyObject, sign } from 'node:crypto';
import { webhookError } from './errors.ts';

/**
 * Signatures of Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md,
 * "Verifying webhook authenticity"): over `id.timestamp.body`, one for each secret, with blanks between them.
 */
export interface Signer {
  /** The value of the header `webhook-signature`. `timestamp` is in seconds since 1970. */
  sign(messageId: string, timestamp: number, body: string): string;
}

const SECRET_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';
const SECRET_BYTES = { min: 24, made: 32, max: 64 } as const;
const SEED_BYTES = 32;
/** PKCS #8 around the seed of an Ed25519 key, RFC 8410 §7. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

type Signature = (content: string) => string;

/** A new secret for HMAC. */
export function createSecret(randomBytes: (size: number) => Buffer): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES.made).toString('base64');
}

/** A new signing key for Ed25519: the private part for this side, the public one for receivers. */
export function createSigningKey(randomBytes: (size: number) => Buffer): { privateKey: string; publicKey: string } {
  const seed = randomBytes(SEED_BYTES);
  const privateKey = PRIVATE_PREFIX + seed.toString('base64');
  const spki = createPublicKey(keyOf(seed)).export({ type: 'spki', format: 'der' });
  return { privateKey, publicKey: PUBLIC_PREFIX + spki.subarray(-SEED_BYTES).toString('base64') };
}

/** Signs with each of the secrets: `whsec_…` gives `v1`, `whsk_…` gives `v1a`. Raises WEBHOOK_SECRET_INVALID. */
export function createSigner(webhook: string, secrets: readonly string[]): Signer {
  if (secrets.length === 0) throw invalid(webhook, 'there is none');
  const signatures = secrets.map((secret) => signatureOf(webhook, secret));
  return {
    sign(messageId, timestamp, body) {
      const content = `${messageId}.${timestamp}.${body}`;
      return signatures.map((signature) => signature(content)).join(' ');
    },
  };
}

function signatureOf(webhook: string, secret: string): Signature {
  if (secret.startsWith(SECRET_PREFIX)) {
    const bytes = decode(webhook, secret.slice(SECRET_PREFIX.length));
    const { min, max } = SECRET_BYTES;
    if (bytes.length < min || bytes.length > max) throw invalid(webhook, 'it has a wrong length');
    // A key object is imported once: six times as fast as a buffer each time.
    const key = createSecretKey(bytes);
    return (content) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  }
  if (!secret.startsWith(PRIVATE_PREFIX)) throw invalid(webhook, 'it does not begin with whsec_ or whsk_');
  const bytes = decode(webhook, secret.slice(PRIVATE_PREFIX.length));
  // Some tools write the public key behind the seed.
  if (bytes.length !== SEED_BYTES && bytes.length !== 2 * SEED_BYTES) throw invalid(webhook, 'it has a wrong length');
  const key = keyOf(bytes.subarray(0, SEED_BYTES));
  return (content) => `v1a,${sign(null, Buffer.from(content), key).toString('base64')}`;
}

function keyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

function decode(webhook: string, text: string): Buffer {
  if (!BASE64.test(text)) throw invalid(webhook, 'it is not base64');
  return Buffer.from(text, 'base64');
}

function invalid(webhook: string, reason: string): Error {
  return webhookError('WEBHOOK_SECRET_INVALID', { details: { webhook, reason } });
}
