import { Cron } from 'croner';
import { workerError } from '../errors.ts';

/** Times that come again, by the minute. */
export interface Schedule {
  /** As it was written. */
  readonly text: string;
  /** The first time after another, wall clock in ms; null when there is none. */
  next(afterMs: number): number | null;
}

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const NAMES = new Set('JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC SUN MON TUE WED THU FRI SAT'.split(' '));
const FIELDS = [
  { name: 'the minute', from: 0, to: 59 },
  { name: 'the hour', from: 0, to: 23 },
  { name: 'the day of the month', from: 1, to: 31 },
  { name: 'the month', from: 1, to: 12 },
  { name: 'the day of the week', from: 0, to: 7 },
] as const;
/** A schedule that has no time after this one never has: cycles of the calendar are shorter than what is looked through. */
const SOME_TIME = Date.UTC(2000, 0, 1);

/**
 * Reads a schedule as crontab(5) has it: five fields of numbers, names, `*`, lists, ranges and steps, or one of `@hourly`,
 * `@daily`, `@weekly`, `@monthly`, `@yearly`. It is in UTC unless it begins with `TZ=Area/City `. Where both days are
 * restricted, one of them is enough; where either begins with `*`, both must fit. When clocks are put forward, a fixed
 * time that is left out comes right after the gap; when they are put back, it comes once. Raises SCHEDULE_INVALID.
 */
export function parseSchedule(text: string): Schedule {
  const [, timezone = 'UTC', written = ''] = /^(?:TZ=(\S+)\s+)?(.*)$/s.exec(text.trim()) ?? [];
  const pattern = NICKNAMES[written.toLowerCase()] ?? written;
  const invalid = (reason: string, cause?: unknown): Error =>
    workerError('SCHEDULE_INVALID', { details: { schedule: text, reason }, cause });

  const fields = pattern.split(/\s+/);
  if (pattern.startsWith('@')) throw invalid(`${pattern} is none of ${Object.keys(NICKNAMES).join(', ')}`);
  if (pattern === '' || fields.length !== FIELDS.length)
    throw invalid(`it has ${pattern === '' ? 0 : fields.length} fields, not five`);
  const foreign = /[^0-9A-Za-z*,/\s-]/.exec(pattern)?.[0] ?? wordsOf(pattern).find((word) => !NAMES.has(word));
  if (foreign !== undefined) throw invalid(`${foreign} means nothing here`);
  FIELDS.forEach(({ name, from, to }, index) => {
    const values = numbersOf(fields[index] as string);
    if (values.some((value) => value < from || value > to)) throw invalid(`${name} goes from ${from} to ${to}`);
  });
  if (!isTimezone(timezone)) throw invalid(`there is no time zone ${timezone}`);

  const [, , dayOfMonth = '', , dayOfWeek = ''] = fields;
  let cron: Cron;
  try {
    cron = new Cron(pattern, {
      mode: '5-part',
      timezone,
      domAndDow: dayOfMonth.startsWith('*') || dayOfWeek.startsWith('*'),
      fixedTimeRule: 'no-wildcard',
      paused: true,
    });
  } catch (error) {
    throw invalid((error as Error).message.replace(/^CronPattern: /, ''), error);
  }
  const next = (afterMs: number): number | null => cron.nextRun(new Date(afterMs))?.getTime() ?? null;
  if (next(SOME_TIME) === null) throw invalid('such a day never comes');
  return { text, next };
}

function wordsOf(pattern: string): string[] {
  return pattern.toUpperCase().match(/[A-Z]+/g) ?? [];
}

/** Steps left out. */
function numbersOf(field: string): number[] {
  return (field.replaceAll(/\/\d+/g, '').match(/\d+/g) ?? []).map(Number);
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
