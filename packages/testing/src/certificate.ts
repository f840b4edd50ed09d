import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM of a certificate and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Subject alternative names, e.g. `DNS:localhost` or `IP:127.0.0.1`. Default both of these; none for a client. */
  readonly names?: readonly string[];
  readonly commonName?: string;
  /** What it may be used for. Default `server`. */
  readonly use?: 'server' | 'client';
  /** Its time ended yesterday. */
  readonly isExpired?: boolean;
  /** How long it lasts. Default 2. */
  readonly days?: number;
}

export interface CertificateAuthority extends Certificate {
  issue(options?: CertificateOptions): Certificate;
}

/** A private authority made by the `openssl` command; it lives in memory, the files are gone when a call returns. */
export function createCertificateAuthority(commonName = 'Roundhouse Test CA'): CertificateAuthority {
  const authority = inTemporaryFolder((run) =>
    run('req', '-x509', '-days', '2', ...newKey(commonName), '-out', 'cert.pem'),
  );
  return { ...authority, issue: (options = {}) => issue(authority, options) };
}

function issue(authority: Certificate, options: CertificateOptions): Certificate {
  const { use = 'server', commonName = use, isExpired = false, days = 2 } = options;
  const names = options.names ?? (use === 'server' ? ['DNS:localhost', 'IP:127.0.0.1'] : []);
  const extensions = [
    'basicConstraints=CA:FALSE',
    `extendedKeyUsage=${use}Auth`,
    ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
  ];
  return inTemporaryFolder((run, folder) => {
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    writeFileSync(join(folder, 'ca.key'), authority.key, { mode: 0o600 });
    writeFileSync(join(folder, 'extensions'), extensions.join('\n'));
    run('req', '-new', ...newKey(commonName), '-out', 'request.pem');
    const signature = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions'];
    run(
      'x509',
      '-req',
      '-in',
      'request.pem',
      '-days',
      isExpired ? '-1' : String(days),
      ...signature,
      '-out',
      'cert.pem',
    );
  });
}

function newKey(commonName: string): string[] {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  return [...curve, '-nodes', '-keyout', 'key.pem', '-subj', `/CN=${commonName}`];
}

function inTemporaryFolder(make: (run: (...args: string[]) => void, folder: string) => void): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-certificate-'));
  try {
    make((...args) => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' }), folder);
    return {
      cert: readFileSync(join(folder, 'cert.pem'), 'utf8'),
      key: readFileSync(join(folder, 'key.pem'), 'utf8'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
