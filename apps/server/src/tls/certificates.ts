import type { Logger, Scope } from '@roundhouse/core';
import {
  type CertificateFiles,
  type CertificateWatch,
  type TlsServerOptions,
  watchCertificateFiles,
} from '@roundhouse/net';

export interface CertificatesDependencies {
  readonly log: Logger;
  readonly publish: (type: string, subject: string, data: Readonly<Record<string, unknown>>) => void;
  readonly scope: Scope;
}

/** The certificates of this server's listeners, each followed as its files change. */
export class Certificates {
  readonly #deps: CertificatesDependencies;
  readonly #watches = new Map<string, CertificateWatch>();

  constructor(deps: CertificatesDependencies) {
    this.#deps = deps;
  }

  /**
   * Loads the pair of a listener. `changed` gets another one when its files are replaced; a pair that is no good is told
   * and left alone. Raises TLS_MATERIAL_INVALID.
   */
  async follow(
    listener: string,
    files: CertificateFiles,
    changed: (tls: TlsServerOptions) => void,
  ): Promise<TlsServerOptions> {
    const { log, publish, scope } = this.#deps;
    const watch = await watchCertificateFiles(
      files,
      {
        changed: (loaded) => {
          changed(loaded.tls);
          log.info('certificate replaced', { listener, fingerprint: loaded.fingerprint });
          publish('certificate.replaced', listener, {
            fingerprint: loaded.fingerprint,
            expires_at: rfc3339(loaded.expiresAt),
          });
        },
        refused: ({ code, message }) => {
          log.error('new certificate refused: the one before stays', { listener, code, reason: message });
          publish('certificate.refused', listener, { code, reason: message });
        },
        expiring: ({ expiresAt }, days) => {
          log.warn('certificate expires', { listener, days });
          publish('certificate.expiring', listener, { days, expires_at: rfc3339(expiresAt) });
        },
      },
      scope,
    );
    this.#watches.set(listener, watch);
    return watch.current.tls;
  }

  /** When each ends, for the metrics. */
  figures(): ReadonlyArray<{ readonly listener: string; readonly expiresAt: number }> {
    return [...this.#watches].map(([listener, { current }]) => ({ listener, expiresAt: current.expiresAt }));
  }
}

function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
