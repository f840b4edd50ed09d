/** Figures in few characters, for columns. */

const BYTE_UNITS = ['B', 'K', 'M', 'G', 'T', 'P'] as const;

/** `980K`, `1.2G`; a K is 1,024 bytes. At most five characters. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 of a unit would be written with four digits.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${digits}${BYTE_UNITS[unit]}`;
}

/** One digit behind the point, as long as that says something. */
export function percentText(percent: number): string {
  return percent >= 99.95 ? percent.toFixed(0) : percent.toFixed(1);
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `42s`, `12m05s`, `3h20m`, `5d12h`, `812d`: at most six characters up to 27 years. */
export function spanText(ms: number): string {
  const span = Math.max(0, ms);
  if (span < MINUTE_MS) return `${Math.floor(span / SECOND_MS)}s`;
  if (span < HOUR_MS) return twoUnits(span, MINUTE_MS, 'm', SECOND_MS, 's');
  if (span < DAY_MS) return twoUnits(span, HOUR_MS, 'h', MINUTE_MS, 'm');
  if (span < 100 * DAY_MS) return twoUnits(span, DAY_MS, 'd', HOUR_MS, 'h');
  return `${Math.floor(span / DAY_MS)}d`;
}

function twoUnits(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${Math.floor(ms / largeMs)}${large}${String(rest).padStart(2, '0')}${small}`;
}
