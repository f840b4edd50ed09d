import { healthError } from './errors.ts';

/** The value if it is a number from `least` to `most`; raises HEALTH_OPTION_INVALID otherwise. */
export function within(option: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) throw invalid(option, `a number from ${least} to ${most}`);
  return value;
}

/** As `within`, and whole. */
export function wholeWithin(option: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(option, `a whole number from ${least} to ${most}`);
  }
  return value;
}

export function invalid(option: string, expected: string): Error {
  return healthError('HEALTH_OPTION_INVALID', { details: { option, expected } });
}
