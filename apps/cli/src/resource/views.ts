import type { Resource, ResourceKind, ResourceKindName } from '@roundhouse/api';
import { address } from '../render.ts';
import { workerReport } from '../worker/report.ts';

interface Column<R> {
  readonly head: string;
  readonly value: (resource: R) => unknown;
  /** Only where there is room: `--output wide`. */
  readonly isWide?: true;
}

/** How resources of a kind are shown to people. */
export interface View<R> {
  readonly columns: ReadonlyArray<Column<R>>;
  /** What to do when there are none. */
  readonly begin: string;
  /** All there is to know of one, where a line for each field would not do. `nowMs`: ms since 1970. */
  readonly report?: (resource: R, nowMs: number) => string;
  /** A name for the kind besides those that follow from its declaration. */
  readonly short?: string;
}

export type AnyResource = Resource<ResourceKindName>;
/** One of the declared kinds. */
export type AnyKind = ResourceKind & { readonly name: ResourceKindName };

const VIEWS: { readonly [K in ResourceKindName]: View<Resource<K>> } = {
  role: {
    columns: [
      { head: 'RULES', value: ({ rules }) => rules.length },
      { head: 'ORIGIN', value: ({ origin }) => origin },
      { head: 'DESCRIPTION', value: ({ description }) => description },
    ],
    begin: '"roundhouse apply -f FILE" adds those of a file.',
  },
  principal: {
    columns: [
      { head: 'TYPE', value: ({ type }) => type },
      { head: 'ROLES', value: ({ roles }) => roles },
      { head: 'PASSWORD', value: ({ has_password: hasPassword }) => hasPassword },
      { head: 'DISABLED', value: ({ disabled }) => disabled },
      { head: 'ORIGIN', value: ({ origin }) => origin },
      { head: 'CERTIFICATES', value: ({ certificates }) => certificates, isWide: true },
      { head: 'ADDRESSES', value: ({ addresses }) => addresses, isWide: true },
      { head: 'DESCRIPTION', value: ({ description }) => description, isWide: true },
    ],
    begin: '"roundhouse apply -f FILE" adds those of a file.',
  },
  api_key: {
    columns: [
      { head: 'PRINCIPAL', value: ({ principal }) => principal },
      { head: 'ROLES', value: ({ roles }) => roles ?? 'all' },
      { head: 'EXPIRES', value: ({ expires_at: expiresAt }) => expiresAt ?? 'never' },
      { head: 'LAST USED', value: ({ last_used_at: lastUsedAt }) => lastUsedAt },
      { head: 'ADDRESSES', value: ({ addresses }) => addresses, isWide: true },
      { head: 'DESCRIPTION', value: ({ description }) => description, isWide: true },
    ],
    begin: '"roundhouse key create ID --principal PRINCIPAL" makes one.',
  },
  endpoint_group: {
    columns: [
      { head: 'STRATEGY', value: ({ strategy }) => strategy },
      { head: 'FAILBACK', value: ({ failback }) => failback },
      { head: 'SESSIONS', value: ({ active_sessions: sessions }) => sessions },
      { head: 'QUEUED', value: ({ queued }) => queued },
      { head: 'ENDPOINTS', value: ({ endpoints }) => endpoints },
      { head: 'FALLBACK', value: ({ fallback }) => fallback },
      { head: 'MODEL', value: ({ model }) => model, isWide: true },
      { head: 'READY', value: ({ warm }) => (warm === null ? null : `${warm.ready}/${warm.size}`), isWide: true },
      { head: 'LABELS', value: ({ labels }) => labels, isWide: true },
    ],
    begin: '"roundhouse group add ID" adds one.',
  },
  endpoint: {
    columns: [
      { head: 'GROUP', value: ({ group }) => group },
      { head: 'HOST', value: ({ host, port }) => address(host, port) },
      { head: 'STATUS', value: ({ status, draining }) => (draining ? `${status}, draining` : status) },
      { head: 'SESSIONS', value: ({ active_sessions: sessions }) => sessions },
      { head: 'LIMIT', value: ({ max_sessions: limit }) => limit },
      { head: 'WEIGHT', value: ({ weight }) => weight },
      { head: 'PRIORITY', value: ({ priority }) => priority },
      { head: 'TLS', value: ({ tls }) => tls, isWide: true },
      { head: 'PROBE', value: ({ probe }) => probe.kind ?? 'default', isWide: true },
      { head: 'FAILURES', value: ({ failures }) => failures, isWide: true },
      { head: 'LABELS', value: ({ labels }) => labels, isWide: true },
    ],
    begin: '"roundhouse endpoint add ID HOST:PORT --group GROUP" adds one.',
    short: 'ep',
  },
  worker: {
    columns: [
      { head: 'STATE', value: ({ state }) => state },
      { head: 'REASON', value: ({ reason }) => reason },
      { head: 'REPLICAS', value: ({ replicas }) => replicas },
      { head: 'PID', value: ({ pid }) => pid },
      { head: 'RESTARTS', value: ({ restarts }) => restarts },
      { head: 'GROUP', value: ({ group }) => group },
      { head: 'COMMAND', value: ({ command }) => command?.join(' ') ?? null, isWide: true },
      { head: 'LABELS', value: ({ labels }) => labels, isWide: true },
    ],
    begin: '"roundhouse apply -f FILE" adds those of a file, and "roundhouse worker import" makes one.',
    report: workerReport,
  },
  webhook: {
    columns: [
      { head: 'URL', value: ({ url }) => url },
      { head: 'EVENTS', value: ({ events }) => events },
      { head: 'DISABLED', value: ({ disabled, disabled_reason: reason }) => (disabled ? (reason ?? 'yes') : 'no') },
      { head: 'PENDING', value: ({ pending }) => pending },
      { head: 'DEAD', value: ({ dead_letters: dead }) => dead },
      { head: 'SUBJECTS', value: ({ subjects }) => subjects, isWide: true },
      { head: 'ORDERED', value: ({ ordered }) => ordered, isWide: true },
      { head: 'LABELS', value: ({ labels }) => labels, isWide: true },
    ],
    begin: '"roundhouse webhook add URL" adds one.',
    short: 'hook',
  },
};

/** Columns that every kind has where there is room. */
const COMMON_COLUMNS: ReadonlyArray<Column<AnyResource>> = [
  { head: 'VERSION', value: ({ version }) => version, isWide: true },
  { head: 'UPDATED', value: ({ updated_at: updatedAt }) => updatedAt, isWide: true },
];

export const KINDS_SHOWN = Object.keys(VIEWS) as readonly ResourceKindName[];

export function viewOf(kind: ResourceKindName): View<AnyResource> {
  const view = VIEWS[kind] as unknown as View<AnyResource>;
  return { ...view, columns: [{ head: 'ID', value: ({ id }) => id }, ...view.columns, ...COMMON_COLUMNS] };
}
