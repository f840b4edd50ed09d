import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { awsEscape, signRequest } from './signature.ts';

/** "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", Amazon S3 API Reference. */
const CREDENTIALS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const SCOPE = { region: 'us-east-1', service: 's3', time: Date.UTC(2013, 4, 24) };
const HOST = 'https://examplebucket.s3.amazonaws.com';
const EMPTY = hash('sha256', '');

function signatureOf(method: string, path: string, headers: Readonly<Record<string, string>>, payload = EMPTY): string {
  const request = {
    method,
    url: new URL(`${HOST}${path}`),
    headers: { ...headers, 'x-amz-content-sha256': payload },
    payload,
  };
  return signRequest(request, CREDENTIALS, SCOPE)['authorization'] ?? '';
}

describe('signature version 4', () => {
  it.each([
    [
      'GET',
      '/test.txt',
      { range: 'bytes=0-9' },
      EMPTY,
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT',
      '/test%24file.text',
      { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      hash('sha256', 'Welcome to Amazon S3.'),
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    ['GET', '/?lifecycle', {}, EMPTY, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['GET', '/?max-keys=2&prefix=J', {}, EMPTY, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('of the published example %s %s', (method, path, headers, payload, expected) => {
    expect(signatureOf(method, path, headers as Record<string, string>, payload)).toMatch(`Signature=${expected}`);
  });

  it('names what is signed, in order, with the scope', () => {
    expect(signatureOf('GET', '/test.txt', { range: 'bytes=0-9' })).toMatch(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=',
    );
  });

  it('signs the token of temporary credentials', () => {
    const request = { method: 'GET', url: new URL(`${HOST}/`), headers: {}, payload: EMPTY };
    const headers = signRequest(request, { ...CREDENTIALS, sessionToken: 'token' }, SCOPE);
    expect(headers).toMatchObject({ 'x-amz-security-token': 'token' });
    expect(headers['authorization']).toContain('host;x-amz-date;x-amz-security-token');
  });

  it('escapes what RFC 3986 does not leave as it is', () => {
    expect(awsEscape("a b!'()*/~-_.é")).toBe('a%20b%21%27%28%29%2A%2F~-_.%C3%A9');
  });
});
