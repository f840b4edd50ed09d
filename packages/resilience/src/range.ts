import { resilienceError } from './errors.ts';

/** What a number of a policy may be; either end may be open. */
interface Range {
  readonly from?: number;
  /** Like `from`, but itself excluded. */
  readonly above?: number;
  readonly to?: number;
  readonly whole?: boolean;
}

/** Returns the value if it lies in the range; raises POLICY_INVALID otherwise, NaN included. */
export function inRange(policy: string, option: string, value: number, range: Range): number {
  const { from = -Infinity, above = -Infinity, to = Number.MAX_VALUE, whole = false } = range;
  const fits = value >= from && value > above && value <= to && (!whole || Number.isSafeInteger(value));
  if (fits) return value;
  throw resilienceError('POLICY_INVALID', { details: { policy, option, value: `${value}`, expected: words(range) } });
}

function words({ from, above, to, whole }: Range): string {
  const bounds = [
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(to === undefined ? [] : [`up to ${to}`]),
  ];
  return [whole ? 'a whole number' : 'a number', ...bounds].join(' ');
}
