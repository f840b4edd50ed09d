/** How long something is kept, in days or in months of the calendar: weeks and years are multiples of these. */
export interface Period {
  readonly count: number;
  readonly unit: 'day' | 'month';
}

const UNITS = {
  d: { days: 1, unit: 'day' },
  w: { days: 7, unit: 'day' },
  mo: { days: 1, unit: 'month' },
  y: { days: 12, unit: 'month' },
} as const;
const TEXT = /^([1-9]\d{0,4})(d|w|mo|y)$/;
/** A thousand years: whatever is added to a time of today is still a time (ECMA-262 §21.4.1.1). */
const LONGEST = { day: 365_000, month: 12_000 } as const;
const DAY_MS = 86_400_000;

/** `90d`, `12w`, `18mo`, `6y`; undefined for any other text, and beyond a thousand years. */
export function parsePeriod(text: string): Period | undefined {
  const [, count, name] = TEXT.exec(text) ?? [];
  if (count === undefined) return undefined;
  const { days, unit } = UNITS[name as keyof typeof UNITS];
  const whole = Number(count) * days;
  return whole > LONGEST[unit] ? undefined : { count: whole, unit };
}

/**
 * When a period that began at `time` is over, ms since 1970. In UTC, where every day has 24 hours; the day of the month stays,
 * or is the last of a month that has not so many.
 */
export function endOf(time: number, { count, unit }: Period): number {
  if (unit === 'day') return time + count * DAY_MS;
  const date = new Date(time);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + count);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime();
}
