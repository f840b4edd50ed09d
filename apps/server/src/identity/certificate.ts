import type { PrincipalInput } from '@roundhouse/api';
import type { ClientCertificate } from '@roundhouse/net';
import { canonicalCertificateName } from './certificateName.ts';
import type { Directory } from './directory.ts';
import { invalid } from './refusal.ts';

/** Names looked at; a certificate with more is not for a person or a program. */
const MAX_NAMES = 64;

/** The one principal that a certificate belongs to: by its fingerprint, else by its names. Throws a Refusal. */
export function findByCertificate(certificate: ClientCertificate, directory: Directory): PrincipalInput {
  if (!certificate.authorized) throw invalid('no trusted authority issued the certificate, or it is out of its time');
  const byFingerprint = directory.findByCertificate(fingerprintName(certificate));
  if (byFingerprint !== undefined) return byFingerprint;
  if (certificate.subjectAltNames.length > MAX_NAMES) throw invalid('the certificate has too many names');
  const found = new Set(
    certificate.subjectAltNames
      .map((name) => directory.findByCertificate(canonicalCertificateName(name)))
      .filter((each) => each !== undefined),
  );
  const [principal, ...others] = found;
  if (principal === undefined) throw invalid('the certificate belongs to no principal');
  if (others.length > 0) throw invalid('the names of the certificate belong to several principals');
  return principal;
}

/** `SHA256:9F:86:…` */
export function fingerprintName({ fingerprint256 }: ClientCertificate): string {
  return canonicalCertificateName(`SHA256:${fingerprint256}`);
}
