import { join } from 'node:path';
import {
  type AuditJournal,
  createObjectLockStore,
  createRetention,
  type LegalHold,
  type ObjectLockStore,
  type Period,
  parsePeriod,
  type Retention,
  type RetentionPolicy,
  type SearchIndex,
} from '@roundhouse/audit';
import { type Clock, coreError, type Logger } from '@roundhouse/core';
import type { ConfigurationValue } from '../configuration/definition.ts';
import { defined } from './defined.ts';

type AuditSection = NonNullable<ConfigurationValue['audit']>;
type RetentionSection = NonNullable<AuditSection['retention']>;

export interface RetentionParts {
  readonly journal: AuditJournal;
  readonly index: SearchIndex | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bucket?: ObjectLockStore | undefined;
}

/** What keeps the journal of an installation as long as its configuration says. Nothing runs before `start`. */
export function openRetention(
  home: string,
  section: AuditSection,
  { journal, index, clock, log, bucket }: RetentionParts,
): Retention {
  const { retention = {}, directory = join(home, 'audit') } = section;
  return createRetention(
    {
      directory,
      state: join(home, 'audit-retention'),
      policy: policyOf(retention),
      holds: holdsOf(section),
      ...defined({
        archiveDirectory: retention.archive?.directory,
        attributes: retention.attributes,
        bucket,
        overwritePasses: retention.overwrite?.passes,
      }),
    },
    { journal, clock, log, ...(index !== undefined && { forget: () => index.sync() }) },
  );
}

/** The bucket for archives and checkpoints; undefined without one. */
export function openObjectLock({ retention }: AuditSection, clock: Pick<Clock, 'now'>): ObjectLockStore | undefined {
  const lock = retention?.object_lock;
  if (lock === undefined) return undefined;
  const { endpoint, region, bucket, prefix, retain, access_key_id: accessKeyId, secret_access_key } = lock;
  return createObjectLockStore(
    {
      endpoint,
      region,
      bucket,
      retain: periodOf(retain),
      credentials: { accessKeyId, secretAccessKey: secret_access_key },
      ...defined({ prefix }),
    },
    () => clock.now(),
  );
}

function policyOf({ periods = {}, archive }: RetentionSection): RetentionPolicy {
  return {
    classes: Object.fromEntries(
      Object.entries(periods).map(([name, { keep, mode = 'remove' }]) => [name, { keep: periodOf(keep), mode }]),
    ),
    ...(archive !== undefined && { archiveAfter: periodOf(archive.after) }),
  };
}

/** The legal holds of a configuration. */
export function holdsOf(section: AuditSection | undefined): readonly LegalHold[] {
  return (section?.retention?.holds ?? []).map(holdOf);
}

function holdOf({ from, to, ...hold }: NonNullable<RetentionSection['holds']>[number]): LegalHold {
  const { id, owner, reason, class: auditClass, session, user, host } = hold;
  const at = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
  const asked = { from: at(from), to: at(to), class: auditClass, session, user, host };
  return { id, owner, reason, ...defined(asked) };
}

function periodOf(text: string): Period {
  const period = parsePeriod(text);
  // The schema of the configuration takes no other.
  if (period === undefined) throw coreError('NOT_SUPPORTED', { details: { what: `the period ${text}` } });
  return period;
}
