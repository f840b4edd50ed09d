import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createSecret, createSigner, createSigningKey } from './signature.ts';

const BODY = '{"type":"roundhouse.session.created","text":"Grüße"}';

describe('signatures', () => {
  it('are those of the example in the specification of Standard Webhooks', () => {
    // standard-webhooks, libraries/javascript/src/index.test.ts, "sign function works".
    const signer = createSigner('w', ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);
    expect(signer.sign('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('of several secrets stand beside each other, so that the holder of any one can check', () => {
    const secrets = [createSecret(randomBytes), createSecret(randomBytes)];
    const timestamp = Math.floor(Date.now() / 1_000);
    const signature = createSigner('w', secrets).sign('7', timestamp, BODY);
    const headers = { 'webhook-id': '7', 'webhook-timestamp': String(timestamp), 'webhook-signature': signature };
    for (const secret of secrets) expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(createSecret(randomBytes)).verify(BODY, headers)).toThrow();
    expect(() => new Webhook(secrets[0] as string).verify(`${BODY} `, headers)).toThrow();
  });

  it('of a signing key can be checked with its public part', () => {
    const { privateKey, publicKey } = createSigningKey(randomBytes);
    const signature = createSigner('w', [createSecret(randomBytes), privateKey]).sign('7', 1_700_000_000, BODY);
    const [, asymmetric = ''] = signature.split(' ');
    expect(asymmetric).toMatch(/^v1a,/);
    const spki = Buffer.concat([
      Buffer.from('302a300506032b6570032100', 'hex'),
      Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64'),
    ]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const good = Buffer.from(asymmetric.slice(4), 'base64');
    expect(verify(null, Buffer.from(`7.1700000000.${BODY}`), key, good)).toBe(true);
    expect(verify(null, Buffer.from(`8.1700000000.${BODY}`), key, good)).toBe(false);
  });

  it.each([
    ['none', []],
    ['no prefix', ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']],
    ['too short', ['whsec_AAAA']],
    ['too long', [`whsec_${randomBytes(65).toString('base64')}`]],
    ['not base64', ['whsec_-----------------------------------']],
    ['half a key', [`whsk_${randomBytes(16).toString('base64')}`]],
  ])('are refused for secrets that are wrong: %s', (_, secrets) => {
    expect(() => createSigner('w', secrets)).toThrowError(
      expect.objectContaining({ code: 'WEBHOOK_SECRET_INVALID', message: expect.not.stringContaining('AAAA') }),
    );
  });
});
