import type { ClientCertificate } from '@roundhouse/net';
import { describe, expect, it } from 'vitest';
import { findByCertificate } from './certificate.ts';
import { canonicalCertificateName } from './certificateName.ts';
import { MemoryDirectory } from './directory.ts';
import { Refusal } from './refusal.ts';

const FINGERPRINT = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0').toUpperCase()).join(
  ':',
);

describe('a name of a certificate', () => {
  it.each([
    ['DNS:Batch7.Example.COM', 'DNS:batch7.example.com'],
    ['dns:a', 'DNS:a'],
    ['batch7.example.com', 'DNS:batch7.example.com'],
    ['IP Address:192.0.2.1', 'IP:192.0.2.1'],
    ['URI:spiffe://x/Y', 'URI:spiffe://x/Y'],
    ['email:Joe@x', 'email:Joe@x'],
    [`sha256:${FINGERPRINT.replaceAll(':', '').toLowerCase()}`, `SHA256:${FINGERPRINT}`],
    [`SHA256:${FINGERPRINT}`, `SHA256:${FINGERPRINT}`],
  ])('%j is spelled %j', (name, canonical) => {
    expect(canonicalCertificateName(name)).toBe(canonical);
  });
});

describe('a certificate', () => {
  const directory = new MemoryDirectory();
  directory.putPrincipal({ id: 'batch', roles: [], certificates: ['DNS:batch.example', 'DNS:shared.example'] });
  directory.putPrincipal({ id: 'pinned', roles: [], certificates: [`sha256:${FINGERPRINT.toLowerCase()}`] });
  directory.putPrincipal({ id: 'other', roles: [], certificates: ['DNS:other.example', 'DNS:shared.example'] });

  function find(certificate: Partial<ClientCertificate>): string {
    const whole = { fingerprint256: 'AA', subjectAltNames: [], authorized: true, ...certificate };
    try {
      return findByCertificate(whole, directory).id;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      expect(error.error.code).toBe('CREDENTIALS_INVALID');
      return error.reason;
    }
  }

  it.each<readonly [string, Partial<ClientCertificate>, string]>([
    ['its name', { subjectAltNames: ['DNS:BATCH.example'] }, 'batch'],
    ['its fingerprint', { fingerprint256: FINGERPRINT }, 'pinned'],
    [
      'its fingerprint before a name',
      { fingerprint256: FINGERPRINT, subjectAltNames: ['DNS:batch.example'] },
      'pinned',
    ],
    ['one of several names', { subjectAltNames: ['IP:192.0.2.1', 'DNS:other.example'] }, 'other'],
  ])('belongs to a principal by %s', (_how, certificate, id) => {
    expect(find(certificate)).toBe(id);
  });

  it.each<readonly [string, Partial<ClientCertificate>, RegExp]>([
    ['that nobody vouches for', { authorized: false, fingerprint256: FINGERPRINT }, /no trusted authority/],
    ['of nobody', { subjectAltNames: ['DNS:eve.example'] }, /belongs to no principal/],
    ['without names', {}, /belongs to no principal/],
    ['of two', { subjectAltNames: ['DNS:batch.example', 'DNS:other.example'] }, /several principals/],
    ['by a name that two claim', { subjectAltNames: ['DNS:shared.example'] }, /belongs to no principal/],
    ['with a name of another type', { subjectAltNames: ['URI:batch.example'] }, /belongs to no principal/],
    ['with endless names', { subjectAltNames: Array.from({ length: 65 }, () => 'DNS:batch.example') }, /too many/],
  ])('%s lets nobody in', (_what, certificate, reason) => {
    expect(find(certificate)).toMatch(reason);
  });

  it('belongs to nobody any more when its principal is gone or has another', () => {
    const changing = new MemoryDirectory();
    const certificate = { fingerprint256: 'AA', subjectAltNames: ['DNS:a.example'], authorized: true };
    changing.putPrincipal({ id: 'a', roles: [], certificates: ['a.example'] });
    expect(findByCertificate(certificate, changing).id).toBe('a');
    changing.putPrincipal({ id: 'a', roles: [], certificates: ['b.example'] });
    expect(() => findByCertificate(certificate, changing)).toThrow(Refusal);
    changing.putPrincipal({ id: 'b', roles: [], certificates: ['a.example'] });
    expect(findByCertificate(certificate, changing).id).toBe('b');
    changing.deletePrincipal('b');
    expect(() => findByCertificate(certificate, changing)).toThrow(Refusal);
  });
});
