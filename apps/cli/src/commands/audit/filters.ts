import type { AuditExportQuery } from '@roundhouse/api';
import { systemClock } from '@roundhouse/core';
import { type Command, Option } from 'commander';
import { momentBefore } from '../../arguments.ts';
import type { Io } from '../../io.ts';

type Filters = Omit<AuditExportQuery, 'format'>;

/** Options of the commands that speak of some records. */
export interface FilterOptions {
  readonly type?: string;
  readonly class?: NonNullable<Filters['class']>;
  readonly outcome?: NonNullable<Filters['outcome']>;
  readonly session?: string;
  readonly user?: string;
  readonly host?: string;
  readonly resource?: string;
  readonly request?: string;
  readonly since?: string;
  readonly until?: string;
}

const CLASSES = ['security', 'admin', 'access', 'data', 'system'] satisfies Array<FilterOptions['class']>;
const OUTCOMES = ['success', 'failure', 'denied', 'pending', 'unknown'] satisfies Array<FilterOptions['outcome']>;

export function withFilters(command: Command): Command {
  return command
    .argument('[words...]', 'words that all stand in the record; "a phrase"; with * behind three letters a beginning')
    .option('--type <type>', 'a code like RHA-1001, or an action or its beginning, like session or session.create')
    .addOption(new Option('--class <class>', 'what it is about').choices(CLASSES))
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(OUTCOMES))
    .option('--user <id>', 'who did it, or for whom it was done')
    .option('--session <id>', 'of this session')
    .option('--host <name>', 'on this host')
    .option('--resource <kind/id>', 'done to these, like worker or worker/web')
    .option('--request <id>', 'of this request')
    .option('--since <time>', 'from then on, like 1h or 2026-01-31T12:00:00Z')
    .option('--until <time>', 'before then, like 10m');
}

/** A word with blanks was quoted for the shell: it is meant as a phrase. */
export function filtersOf(words: readonly string[], options: FilterOptions, { clock = systemClock }: Io): Filters {
  const { session, request, since, until } = options;
  const text = words.map((word) => (/\s/.test(word) && !word.includes('"') ? `"${word}"` : word)).join(' ');
  return {
    ...(options.type === undefined ? {} : { type: options.type }),
    ...(options.class === undefined ? {} : { class: options.class }),
    ...(options.outcome === undefined ? {} : { outcome: options.outcome }),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.resource === undefined ? {} : { resource: options.resource }),
    ...(session === undefined ? {} : { session_id: session }),
    ...(request === undefined ? {} : { request_id: request }),
    ...(since === undefined ? {} : { since: momentBefore(clock.now(), since) }),
    ...(until === undefined ? {} : { until: momentBefore(clock.now(), until) }),
    ...(text === '' ? {} : { q: text }),
  };
}
