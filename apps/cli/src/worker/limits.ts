import type { WorkerLimitStatus } from '@roundhouse/api';
import { bytesText, spanText } from './figures.ts';

export const LIMITS_HEAD = ['LIMIT', 'VALUE', 'USED', 'STATE', 'ENFORCED', 'BY', 'POLICY'] as const;

/** The cells of a limit, in the order of LIMITS_HEAD. */
export function limitCells({ limit, value, unit, used, state, enforcement, by, policy }: WorkerLimitStatus): string[] {
  return [limit, amountText(value, unit), used === null ? '-' : amountText(used, unit), state, enforcement, by, policy];
}

function amountText(amount: number, unit: string): string {
  switch (unit) {
    case 'bytes':
      return bytesText(amount);
    case 'bytes_per_s':
      return `${bytesText(amount)}/s`;
    case 'per_s':
      return `${numberText(amount)}/s`;
    case 'ms':
      return spanText(amount);
    case 'percent':
      return `${numberText(amount)} %`;
    default:
      return numberText(amount);
  }
}

function numberText(amount: number): string {
  return String(Number(amount.toFixed(1)));
}
