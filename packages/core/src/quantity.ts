/** Quantities as people write them: a number and its unit. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Powers of ten, and with an `i` powers of two (IEC 80000-13). */
const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  tb: 1_000_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
  tib: 1_099_511_627_776,
};

/** `30s`, `1.5h`, `1h30m`: ms. Undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,12}(?:\.\d{1,6})?)(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  const total = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (MILLISECONDS[unit as string] ?? 0), 0);
  return Math.round(total);
}

/** `512MB`, `1.5GiB`, `4096`: bytes. Undefined for what is no size. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?)\s?([A-Za-z]{0,3})$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const factor = unit === '' ? 1 : BYTES[unit.toLowerCase()];
  return factor === undefined ? undefined : Math.round(Number(number) * factor);
}

/** `100MB/s`: bytes a second. Undefined for what is no rate. */
export function parseByteRate(text: string): number | undefined {
  return text.endsWith('/s') ? parseBytes(text.slice(0, -2)) : undefined;
}
