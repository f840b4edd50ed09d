import type { WorkerLimitStatus } from '@roundhouse/api';
import { bytesText, spanText } from './figures.ts';

export const LIMITS_HEAD = ['LIMIT', 'VALUE', 'USED', 'STATE', 'ENFORCED', 'BY', 'POLICY'] as const;

/** The cells of a limit, in the order of LIMITS_HEAD. */
export function limitCells({ limit, value, unit, used, state, enforcement, by, policy }: WorkerLimitStatus): string[] {
  const usedText = used === null ? '-' : amountText(used, unit);
  return [limit, amountText(value, unit), usedText, state, enforcement, byText(by, unit), policy];
}

/** What stands behind a limit is told as a plain number. */
function byText(by: string, unit: string): string {
  return by.replaceAll(
    / at (\d+) behind it/g,
    (_whole, amount: string) => ` at ${amountText(Number(amount), unit)} behind it`,
  );
}

function amountText(amount: number, unit: string): string {
  switch (unit) {
    case 'bytes':
      return sizeText(amount);
    case 'bytes_per_s':
      return `${sizeText(amount)}/s`;
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

/** A size as somebody may have written it, where it is a round one. */
function sizeText(bytes: number): string {
  const round = [
    [1_000_000_000, 'GB'],
    [1_000_000, 'MB'],
    [1_000, 'KB'],
  ] as const;
  const found = bytes === 0 ? undefined : round.find(([unit]) => bytes % unit === 0);
  return found === undefined ? bytesText(bytes) : `${bytes / found[0]}${found[1]}`;
}

function numberText(amount: number): string {
  return String(Number(amount.toFixed(1)));
}
