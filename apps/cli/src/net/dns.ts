import { isIP } from 'node:net';
import { createScope, type Scope } from '@roundhouse/core';
import {
  type Answer,
  createResolver,
  type NameServerOptions,
  type NameServerTransport,
  type RecordData,
  type ResolverOptions,
  reverseName,
  systemResolverOptions,
  typeCode,
  typeName,
} from '@roundhouse/protocols/dns';
import { cliError } from '../errors.ts';
import { stopSignal } from '../foreground.ts';
import type { VerdictIo } from '../io.ts';
import { table, writeJson } from '../render.ts';
import { type TlsFlags, tlsOf } from './tlsOptions.ts';

export interface DnsSettings extends TlsFlags {
  readonly server?: string;
  readonly timeoutMs: number;
  readonly json?: true;
}

const TRANSPORTS: Readonly<Record<string, NameServerTransport>> = {
  dns: 'udp',
  'dns+tcp': 'tcp',
  dot: 'tls',
  doh: 'https',
};

/** Asks for records and shows them. Raises ARGUMENT_INVALID, and what the resolver does. */
export async function lookUp(name: string, type: string, settings: DnsSettings, io: VerdictIo): Promise<void> {
  const { timeoutMs } = settings;
  using scope = createScope({
    what: `The look-up of ${name}`,
    timeoutMs,
    signal: stopSignal(io),
    ...(io.clock && { clock: io.clock }),
  });
  const isAddress = isIP(name) !== 0;
  const code = typeCode(isAddress ? 'PTR' : type.toUpperCase());
  if (code === undefined) {
    throw cliError('ARGUMENT_INVALID', { details: { argument: `type "${type}"`, reason: 'there is no such type' } });
  }
  const resolver = createResolver(await resolverOptions(settings, scope, io));
  try {
    const asked = (isAddress ? reverseName(name) : undefined) ?? name;
    show(await resolver.resolve(asked, typeName(code), scope, { timeoutMs, usesCache: false }), settings, io);
  } finally {
    resolver.abort();
  }
}

async function resolverOptions(settings: DnsSettings, scope: Scope, io: VerdictIo): Promise<ResolverOptions> {
  // Names are shown as the server has them, and not in the case that they were asked in.
  const common = { timeouts: { requestMs: settings.timeoutMs }, randomizesCase: false };
  if (settings.server === undefined) return { ...(await systemResolverOptions({}, scope)), ...common };
  return { servers: [serverOf(settings.server, await tlsOf(settings, io))], ...common };
}

function serverOf(text: string, tls: NameServerOptions['tls'] & object): NameServerOptions {
  const [, scheme, address = '', path] = /^([a-z+]+):\/\/([^/]+)(\/.*)?$/i.exec(text) ?? [];
  if (scheme === undefined) return { address: text };
  const transport = Object.hasOwn(TRANSPORTS, scheme) ? TRANSPORTS[scheme] : undefined;
  if (transport === undefined) {
    const reason = `write it like ${Object.keys(TRANSPORTS).join('://HOST, ')}://HOST`;
    throw cliError('ARGUMENT_INVALID', { details: { argument: `server "${text}"`, reason } });
  }
  return { address, transport, tls, ...(transport === 'https' && path !== undefined && { path }) };
}

function show({ records, name, aliases, ttl }: Answer, { json }: DnsSettings, { stdout }: VerdictIo): void {
  const rows = records.map((each) => ({
    name: each.name,
    ttl: each.ttl,
    type: each.data.type,
    data: dataText(each.data),
  }));
  if (json === true) writeJson(stdout, { name, aliases, ttl, records: rows });
  else if (rows.length === 0) stdout.write(`${name} has no such records.\n`);
  else {
    const lines = rows.map((each) => [each.name, String(each.ttl), each.type, each.data]);
    stdout.write(table(['NAME', 'TTL', 'TYPE', 'DATA'], lines));
  }
}

/** The fields of a record, one after the other; strings in quotation marks, other bytes in hexadecimal. */
function dataText(data: RecordData): string {
  const { type: _, ...fields } = data;
  return Object.values(fields)
    .flat()
    .map((value: unknown) => (value instanceof Uint8Array ? bytesText(value) : String(value)))
    .join(' ');
}

function bytesText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  return /^[\x20-\x7e]*$/.test(text) ? JSON.stringify(text) : Buffer.from(bytes).toString('hex');
}
