import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Scope } from '@roundhouse/core';
import { formatAddress } from '@roundhouse/net';
import { HostsTable } from './hosts.ts';
import type { ResolverOptions } from './options.ts';

/** resolv.conf(5): what the C library takes. */
const MAX_SERVERS = 3;
const MAX_SEARCH = 32;
const MAX_NDOTS = 15;

/** What a file as `/etc/resolv.conf` says (resolv.conf(5)); what is not understood is passed over. */
export function parseResolvConf(text: string): Pick<ResolverOptions, 'servers' | 'search' | 'ndots'> {
  const servers: string[] = [];
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...words] = (line.split(/[#;]/)[0] as string).trim().split(/\s+/);
    const [first] = words;
    if (first === undefined) continue;
    // An address of an interface (`fe80::1%eth0`) has no place in a name server's.
    if (keyword === 'nameserver' && isIP(first) !== 0 && !first.includes('%')) {
      if (servers.length < MAX_SERVERS) servers.push(formatAddress({ host: first, port: 53 }));
    } else if (keyword === 'search' || keyword === 'domain') {
      // The last of these lines counts; a dot alone stands for nothing to search.
      search = words.filter((word) => word !== '.').slice(0, keyword === 'domain' ? 1 : MAX_SEARCH);
    } else if (keyword === 'options') {
      const value = /(?:^|\s)ndots:(\d+)/.exec(words.join(' '))?.[1];
      if (value !== undefined) ndots = Math.min(Number(value), MAX_NDOTS);
    }
  }
  return { servers: servers.length > 0 ? servers : ['127.0.0.1:53'], search, ndots };
}

export interface SystemFiles {
  /** Default `/etc/resolv.conf`. */
  readonly resolvConf?: string;
  /** Default `/etc/hosts`. */
  readonly hosts?: string;
}

/** The options that this machine's own resolver has. A file that is not there is an empty one. */
export async function systemResolverOptions(files: SystemFiles, scope: Scope): Promise<ResolverOptions> {
  const { resolvConf = '/etc/resolv.conf', hosts = '/etc/hosts' } = files;
  const read = (path: string): Promise<string> =>
    readFile(path, { encoding: 'utf8', signal: scope.signal }).catch(() => '');
  const [configuration, table] = await Promise.all([read(resolvConf), read(hosts)]);
  scope.throwIfEnded();
  return { ...parseResolvConf(configuration), hosts: new HostsTable(table) };
}
