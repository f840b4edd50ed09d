import { statfs } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { ConfigurationValue } from '../configuration/definition.ts';
import { isLoopback } from '../http/clientAddress.ts';

type AuditSection = NonNullable<ConfigurationValue['audit']>;

/**
 * Types of file systems that another host holds (statfs(2); linux/magic.h, fs/smb, fs/afs): NFS, SMB, SMB2, Ceph, AFS, 9P.
 * One of FUSE may be anywhere, and is not counted.
 */
const NETWORK_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x5346414f, 0x01021997,
]);

/** Names of the sinks whose place is not this host, as far as can be told without asking them. */
export async function offHostSinks({ sinks = [], retention }: AuditSection): Promise<readonly string[]> {
  const found = await Promise.all(
    sinks.map(async (sink) => {
      const isElsewhere =
        sink.type === 'file' ? await isOnNetwork(sink.directory) : isOtherHost(new URL(sink.url).hostname);
      return isElsewhere ? [sink.id] : [];
    }),
  );
  const bucket = retention?.object_lock;
  const isBucket = bucket !== undefined && isOtherHost(new URL(bucket.endpoint).hostname);
  return [...found.flat(), ...(isBucket ? [`s3:${bucket.bucket}`] : [])];
}

/** The names and addresses of this host itself do not count; another name may lead here all the same. */
export function isOtherHost(name: string): boolean {
  const host = name.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || host.endsWith('.localhost') || host === hostname().toLowerCase()) return false;
  if (isIP(host) === 0) return true;
  const own = Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
  return !isLoopback(host) && host !== '0.0.0.0' && host !== '::' && !own.includes(host);
}

async function isOnNetwork(directory: string): Promise<boolean> {
  try {
    // The number is signed where the type of the system is.
    return NETWORK_FILE_SYSTEMS.has((await statfs(directory)).type >>> 0);
  } catch {
    return false;
  }
}
