import type { Finding } from '../definition.ts';
import type { Files } from '../files.ts';
import type { Path } from '../path.ts';

/** Longest text of `/proc/self/limits`. */
const MAX_LIMITS_BYTES = 16_384;

/** Whether this process may open so many files and connections; silent where the system does not say its limit. */
export async function checkDescriptors(path: Path, wanted: number, files: Files): Promise<readonly Finding[]> {
  const bytes = await files.read('/proc/self/limits', MAX_LIMITS_BYTES).catch(() => undefined);
  const limit = /^Max open files\s+(\d+)/m.exec(Buffer.from(bytes ?? []).toString('utf8'))?.[1];
  if (limit === undefined || wanted <= Number(limit)) return [];
  return [{ path, code: 'CONFIG_DESCRIPTORS', details: { wanted, limit: Number(limit) } }];
}
