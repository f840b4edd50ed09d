import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { EndpointInput, WebhookInput } from '@roundhouse/api';
import type { FactProvider } from '@roundhouse/audit/compliance';
import type { Clock } from '@roundhouse/core';
import type { CertificateFiles } from '@roundhouse/net';
import type { FrontDoorOptions } from '@roundhouse/sessions';
import { isLoopback } from '../../http/clientAddress.ts';
import type { AuthenticationOptions } from '../../identity/options.ts';
import type { Resources } from '../../resource/resources.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Listener {
  readonly name: string;
  readonly host: string;
  /** Of TLS from the first byte. */
  readonly tls: CertificateFiles | undefined;
}

export interface ExposureFactsSources {
  readonly listeners: readonly Listener[];
  readonly frontDoor: Pick<FrontDoorOptions, 'idleTimeoutMs'> | undefined;
  readonly authentication: AuthenticationOptions | undefined;
  readonly resources: Pick<Resources, 'ids' | 'find'>;
  /** Certificates of listeners, `expiresAt` in ms since 1970. */
  readonly certificates: () => ReadonlyArray<{ readonly listener: string; readonly expiresAt: number }>;
  readonly clock: Clock;
}

/** What passes between this machine and others, and how it is protected. */
export function exposureFacts(sources: ExposureFactsSources): FactProvider {
  const { listeners, frontDoor, clock } = sources;
  return {
    name: 'exposure',
    names: ['certificates.items', 'idle.ways_in', 'protocols.insecure_allowed', 'tls.endpoints', 'tls.listeners'],
    gather() {
      const endpoints = inputsOf<EndpointInput>(sources, 'endpoint');
      return Promise.resolve({
        'certificates.items': [
          ...sources.certificates().map(({ listener, expiresAt }) => ({
            name: listener,
            days_left: (expiresAt - clock.now()) / DAY_MS,
          })),
          ...endpoints.flatMap((endpoint) => clientCertificates(endpoint, clock.now())),
        ],
        'idle.ways_in': [
          // Every request brings its credentials: there is nothing that could stay logged on.
          { name: 'api', logs_off: true, after_minutes: 0 },
          ...(frontDoor === undefined ? [] : [{ name: 'front_door', ...logOff(frontDoor.idleTimeoutMs) }]),
        ],
        'protocols.insecure_allowed': insecure(sources),
        'tls.endpoints': endpoints.map(endpointTls),
        'tls.listeners': listeners.map(({ name, host, tls }) => ({
          name,
          is_loopback: isLocal(host),
          is_tls: tls !== undefined,
          min_version: tls === undefined ? 0 : versionNumber(tls.options?.minVersion),
        })),
      });
    },
  };
}

function logOff(idleTimeoutMs: number | undefined) {
  return { logs_off: idleTimeoutMs !== undefined, after_minutes: (idleTimeoutMs ?? 0) / MINUTE_MS };
}

function insecure({ listeners, authentication, resources }: ExposureFactsSources): readonly string[] {
  const { basic, ldap } = authentication ?? {};
  const hooks = inputsOf<WebhookInput & { readonly id: string }>({ resources }, 'webhook');
  return [
    ...listeners.flatMap(({ name, host, tls }) => (tls === undefined && !isLocal(host) ? [`${name} without TLS`] : [])),
    ...(basic?.allow_insecure === true ? ['authentication.basic.allow_insecure'] : []),
    ...(ldap?.allow_insecure === true ? ['authentication.ldap.allow_insecure'] : []),
    ...hooks.flatMap(({ id, url, disabled }) => {
      const { protocol, hostname } = new URL(url);
      const isPlain = protocol === 'http:' && !isLocal(hostname.replace(/^\[|\]$/g, ''));
      return disabled !== true && isPlain ? [`webhooks[${id}].url`] : [];
    }),
  ];
}

function endpointTls({ id, host, tls = false }: EndpointInput) {
  const options = tls === true ? {} : tls;
  return {
    id,
    is_loopback: isLocal(host),
    is_tls: options !== false,
    is_verified: options !== false && options.verify !== false,
    min_version: options === false ? 0 : versionNumber(options.min_version),
  };
}

/** Those that are shown to a host; one that cannot be read has no days. */
function clientCertificates({ id, tls, start_tls: startTls }: EndpointInput, now: number) {
  return [tls, startTls].flatMap((options) => {
    if (typeof options !== 'object' || options.cert === undefined) return [];
    const name = `endpoints[${id}]`;
    try {
      const { validToDate } = new X509Certificate(options.cert);
      return [{ name, days_left: (validToDate.getTime() - now) / DAY_MS }];
    } catch {
      return [{ name }];
    }
  });
}

/** Default of every TLS here: 1.2. */
function versionNumber(version = 'TLSv1.2'): number {
  return Number(version.slice('TLSv'.length));
}

function inputsOf<T>({ resources }: Pick<ExposureFactsSources, 'resources'>, kind: 'endpoint' | 'webhook'): T[] {
  return resources.ids(kind).flatMap((id) => {
    const kept = resources.find(kind, id);
    return kept === undefined ? [] : [kept.input as T];
  });
}

/** Whether only this machine reaches an address. */
export function isLocal(host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && isLoopback(host));
}
