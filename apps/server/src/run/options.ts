import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { CertificateFiles } from '@roundhouse/net';
import type { Rate } from '../http/rateLimits.ts';
import type { ConfigurationValue } from '../configuration/definition.ts';
import type { LogOptions } from '../log/log.ts';
import type { MailReceiverLiveOptions, MailReceiverOptions } from '../mail/receiver.ts';
import type { DesiredResources } from '../resource/resources.ts';
import type { ServerOptions } from '../server.ts';
import { defined } from './defined.ts';

const DEFAULT_PORT = 7070;
const BYTES_PER_MB = 1024 * 1024;

type Configured = Omit<ServerOptions, 'token' | 'version'>;

/** What a server is told of a configuration, mail apart. */
export function serverOptions(value: ConfigurationValue): Configured {
  const { server = {}, front_door: door, authentication, limits = {}, sessions = {}, events = {} } = value;
  const { webhook_receivers: receivers } = value;
  return defined({
    host: server.host,
    port: server.port ?? DEFAULT_PORT,
    authentication,
    maxSessions: limits.max_sessions,
    maxSessionsPerUser: limits.max_sessions_per_user,
    idleAfterMs: sessions.idle_after_ms,
    retainEndedMs: sessions.retain_ended_ms,
    memoryBytes: limits.max_memory_mb === undefined ? undefined : limits.max_memory_mb * BYTES_PER_MB,
    warnRatio: limits.warn_ratio,
    connections: defined({
      maxConnections: limits.max_connections,
      maxPerAddress: limits.max_connections_per_address,
    }),
    tls: server.tls && certificateFiles(server.tls),
    frontDoorTls: door?.tls && certificateFiles(door.tls),
    frontDoorStartTls: door?.start_tls && certificateFiles(door.start_tls),
    rateLimits: defined({
      principal: limits.rate && rateOf(limits.rate),
      roles:
        limits.rate_by_role &&
        Object.fromEntries(Object.entries(limits.rate_by_role).map(([role, rate]) => [role, rateOf(rate)])),
    }),
    events: { retention: defined({ maxEvents: events.keep, maxAgeMs: events.keep_ms }) },
    webhooks: defined({ allowedRanges: receivers?.allow }),
    alerts: value.alerts?.mail && alertsOptions(value.alerts.mail),
    workers: workersOptions(value),
    compliance: value.compliance,
    masking: value.masking && defined({ channels: value.masking.channels, exemptRoles: value.masking.exempt_roles }),
    frontDoor:
      door &&
      defined({
        host: door.host,
        port: door.port,
        group: door.group,
        groupsByLu: door.groups_by_lu,
        groupsByServerName: door.groups_by_server_name,
        maxPerAddress: door.max_per_address,
        maxPerAddressPerMinute: door.max_per_address_per_minute,
        idleTimeoutMs: door.idle_timeout_ms,
      }),
  });
}

/** May change while the server runs. */
export function workersOptions({ shutdown }: ConfigurationValue): Required<NonNullable<ServerOptions['workers']>> {
  return { atStop: shutdown?.workers ?? 'stop' };
}

/** Limits that change while sessions live. */
export function liveLimits({ limits = {}, sessions = {} }: ConfigurationValue) {
  return defined({
    maxSessions: limits.max_sessions,
    maxSessionsPerUser: limits.max_sessions_per_user,
    idleAfterMs: sessions.idle_after_ms,
    retainEndedMs: sessions.retain_ended_ms,
  });
}

/** `filter`: where the configuration says nothing. */
export function logOptions(
  { log, masking }: ConfigurationValue,
  filter: string,
): LogOptions & { readonly filter: string } {
  const { level = filter, file } = log ?? {};
  const options = { filter: level, masksNumbers: masking?.channels?.includes('logs') === true };
  if (file === undefined) return options;
  const rotation = defined({ maxBytes: file.max_bytes, maxAgeMs: file.max_age_ms, maxFiles: file.keep });
  return { ...options, to: { path: file.path, rotation } };
}

export function desiredResources(value: ConfigurationValue): DesiredResources {
  return defined({
    role: value.roles,
    principal: value.principals,
    api_key: value.api_keys,
    endpoint_group: value.endpoint_groups,
    endpoint: value.endpoints,
    worker: value.workers,
    webhook: value.webhooks,
  });
}

type MailAlerts = NonNullable<NonNullable<ConfigurationValue['alerts']>['mail']>;

function alertsOptions({ events, interval_ms, source = hostname(), ca_file, ...mail }: MailAlerts) {
  return {
    mail: { ...defined(mail), ...defined({ caFile: ca_file }) },
    source,
    ...defined({ events, intervalMs: interval_ms }),
  };
}

type MailSection = NonNullable<ConfigurationValue['mail']>;

/** Nothing without the section; `home`: the data directory. */
export function mailOptions({ mail }: ConfigurationValue, home: string): Pick<ServerOptions, 'mail'> {
  return mail === undefined ? {} : { mail: receiverOptions(mail, home) };
}

function receiverOptions(mail: MailSection, home: string): MailReceiverOptions {
  return {
    ...mailLiveOptions(mail),
    port: mail.port,
    directory: join(home, 'mail'),
    ...defined({
      host: mail.host,
      hostname: mail.hostname,
      tls: mail.tls && certificateFiles(mail.tls),
      startTls: mail.start_tls && certificateFiles(mail.start_tls),
      requiresTls: mail.require_tls,
      keep: mail.keep,
      box: mail.directory && resolve(mail.directory),
      maxMessageBytes: mail.max_message_bytes,
      maxRecipients: mail.max_recipients,
      maxConnections: mail.max_connections,
      maxPerAddress: mail.max_per_address,
    }),
  };
}

/** In the store, where nobody else clears up. */
const STORE_BOUNDS = { maxKeptBytes: 1_073_741_824, maxAgeDays: 30 } as const;

/** May change while the server runs. */
export function mailLiveOptions({ keep, ...mail }: MailSection): MailReceiverLiveOptions {
  return {
    accept: mail.accept,
    ...(keep === 'store' && STORE_BOUNDS),
    ...defined({
      allowFrom: mail.allow_from,
      maxKept: mail.max_kept,
      maxKeptBytes: mail.max_kept_bytes,
      maxAgeDays: mail.max_age_days,
    }),
  };
}

type ListenerTls = NonNullable<NonNullable<ConfigurationValue['server']>['tls']>;

function certificateFiles(tls: ListenerTls): CertificateFiles {
  const { client_certificates: wanted = tls.client_ca_file === undefined ? 'none' : 'request' } = tls;
  return defined({
    certFile: tls.cert_file,
    keyFile: tls.key_file,
    caFile: wanted === 'none' ? undefined : tls.client_ca_file,
    options: defined({
      minVersion: tls.min_version,
      clientCertificate:
        wanted === 'none' ? undefined : wanted === 'require' ? ('required' as const) : ('requested' as const),
    }),
  });
}

function rateOf({ per_second, burst }: { readonly per_second: number; readonly burst?: number | undefined }): Rate {
  return { perSecond: per_second, burst: burst ?? Math.max(1, Math.ceil(per_second)) };
}
