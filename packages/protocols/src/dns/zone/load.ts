import { readFileSync, realpathSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Scope } from '@roundhouse/core';
import { dnsError } from '../errors.ts';
import { readZone } from './text.ts';
import type { Zone } from './zone.ts';

export interface LoadZoneOptions {
  readonly file: string;
  readonly origin: string;
  /** Whether `$INCLUDE` may name files in the directory of `file` and below it. Default false. */
  readonly allowInclude?: boolean;
  readonly maxRecords?: number;
}

/**
 * Reads a zone file and gives way to others while it does. Rejects with DNS_ZONE_INVALID, also when the file cannot be
 * read, or the reason of the scope.
 */
export async function loadZone(
  { file, origin, allowInclude = false, maxRecords }: LoadZoneOptions,
  scope: Scope,
): Promise<Zone> {
  let text: string;
  let directory: string;
  try {
    directory = dirname(await realpath(file));
    text = await readFile(file, { encoding: 'utf8', signal: scope.signal });
  } catch (cause) {
    scope.throwIfEnded();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw dnsError('DNS_ZONE_INVALID', { details: { zone: origin, place: file, reason }, cause });
  }
  const reading = readZone(text, {
    origin,
    file,
    ...(allowInclude && { include: (path) => readBelow(directory, path) }),
    ...(maxRecords !== undefined && { maxRecords }),
  });
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
    await setImmediate();
    scope.throwIfEnded();
  }
}

/** A zone file must not show what else is on the machine. */
function readBelow(directory: string, path: string): string {
  const whole = realpathSync(join(directory, path));
  if (path.startsWith(sep) || relative(directory, whole).startsWith('..'))
    throw new Error('it is outside of the directory of the zone file');
  return readFileSync(whole, 'utf8');
}
