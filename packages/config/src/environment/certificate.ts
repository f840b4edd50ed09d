import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Finding } from '../definition.ts';
import type { Path } from '../path.ts';

/** Of a certificate that ends sooner a warning is given, ms. */
const SOON_MS = 14 * 24 * 60 * 60 * 1_000;

export interface CertificatePair {
  /** PEM, the own certificate first. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** Whether certificate and key can be read and belong together, and whether the certificate is valid at `now`. */
export function checkCertificate(path: Path, pair: CertificatePair, now: number): readonly Finding[] {
  const found = (reason: string, severity: Finding['severity'] = 'error'): Finding[] => [
    { path, code: 'CONFIG_CERTIFICATE', severity, details: { reason } },
  ];
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pair.certificate);
  } catch {
    return found('The certificate cannot be read: PEM is expected');
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
      return found('The key does not belong to the certificate');
  } catch {
    return found('The key cannot be read: PEM without a passphrase is expected');
  }
  const until = certificate.validToDate.getTime();
  if (now < certificate.validFromDate.getTime())
    return found(`The certificate is not valid before ${certificate.validFrom}`);
  if (now > until) return found(`The certificate expired on ${certificate.validTo}`);
  return until - now < SOON_MS ? found(`The certificate expires on ${certificate.validTo}`, 'warning') : [];
}

/** Whether a text holds certificates that others are to be checked against. */
export function checkAuthorities(path: Path, pem: string): readonly Finding[] {
  try {
    return new X509Certificate(pem).ca
      ? []
      : [{ path, code: 'CONFIG_CERTIFICATE', details: { reason: 'The certificate is not one of an authority' } }];
  } catch {
    return [
      { path, code: 'CONFIG_CERTIFICATE', details: { reason: 'The authorities cannot be read: PEM is expected' } },
    ];
  }
}
