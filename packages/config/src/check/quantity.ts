const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};
const MEGABYTES: Readonly<Record<string, number>> = { mb: 1, gb: 1_024, mib: 1, gib: 1_024 };

/** The unit of a key stands at its end. */
const UNITS: ReadonlyArray<readonly [ending: string, units: Readonly<Record<string, number>>]> = [
  ['_ms', MILLISECONDS],
  ['_bytes', BYTES],
  ['_mb', MEGABYTES],
];

/** The number that a text was meant to be: in quotes, with thousands parted, or with a unit, as in `10m` for `idle_after_ms`. */
export function numberFor(text: string, key: string): string | undefined {
  const [, number = '', unit = ''] =
    /^(-?\d{1,3}(?:[,_]\d{3})+|-?\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z]*)$/.exec(text) ?? [];
  if (number === '') return undefined;
  const plain = Number(number.replaceAll(/[,_]/g, ''));
  if (unit === '') return String(plain);
  const factor = UNITS.find(([ending]) => key.endsWith(ending))?.[1][unit.toLowerCase()];
  return factor === undefined ? undefined : String(Math.round(plain * factor));
}
