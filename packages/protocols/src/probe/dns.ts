import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatAddress, netError } from '@roundhouse/net';
import { typeCode, questionTypeName } from '../dns/message/types.ts';
import type { NameServerTransport } from '../dns/resolver/options.ts';
import { createResolver } from '../dns/resolver/resolver.ts';
import type { Check, Checker } from './checker.ts';
import { withDialPhases } from './dialPhases.ts';

/** Asked for where the URL names nothing else: every recursive server knows the servers of the root. */
const ROOT = { name: '.', type: 'NS' };

export const checkDns: Checker = (check) => ask(check, 'udp');
export const checkDnsOverTcp: Checker = (check) => ask(check, 'tcp');
export const checkDnsOverTls: Checker = (check) => ask(check, 'tls');
export const checkDnsOverHttps: Checker = (check) => ask(check, 'https');

/** One question: `dns://SERVER/NAME?type=TYPE`; of `doh` the path is that of the server, and the name is `?name=NAME`. */
async function ask(check: Check, transport: NameServerTransport): Promise<void> {
  const { url, address, tls, timeouts, runtime, scope, enter, facts } = check;
  const { searchParams } = url;
  const path = decodeURIComponent(url.pathname.replace(/^\//, ''));
  const asked = (transport === 'https' ? searchParams.get('name') : path) || ROOT.name;
  const wanted = (searchParams.get('type') ?? (asked === ROOT.name ? ROOT.type : 'A')).toUpperCase();
  const code = typeCode(wanted);
  if (code === undefined) {
    throw netError('NET_OPTION_INVALID', { protocol: 'dns', details: { reason: `${wanted} is no type of records` } });
  }
  const server = {
    address: transport === 'udp' ? await datagramAddress(check) : formatAddress(address),
    transport,
    tls,
    ...(transport === 'https' && url.pathname !== '/' && { path: url.pathname }),
  };
  // Over UDP there is no connection: the question is all.
  if (transport === 'udp') enter('request');
  const attemptMs = Math.max(1, Math.min(1_500, timeouts.requestMs / 2));
  const resolver = createResolver(
    { servers: [server], timeouts, attemptMs, cacheEntries: 0, search: [] },
    withDialPhases(runtime, enter, 'request'),
  );
  try {
    const { records } = await resolver.resolve(asked, questionTypeName(code), scope, { usesCache: false });
    facts['name'] = asked;
    facts['type'] = wanted;
    facts['records'] = records.length;
  } finally {
    resolver.abort();
  }
}

/** Datagrams go to an address; that of a name is the system's, whose look-up cannot be cancelled. */
async function datagramAddress({ address, scope, enter }: Check): Promise<string> {
  const { host, port } = address;
  if (isIP(host) !== 0) return formatAddress(address);
  enter('resolve');
  try {
    const found = await scope.race(lookup(host));
    return formatAddress({ host: found.address, port });
  } catch (cause) {
    scope.throwIfEnded();
    throw netError('NAME_NOT_FOUND', { protocol: 'dns', phase: 'resolve', peer: host, details: { host }, cause });
  }
}
