import type { RandomBytes } from './digest.ts';

/** Crockford's base 32. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RANDOM_BYTES = 10;
/** Ids for which random bytes are fetched at a time. */
const POOLED = 256;

/** Makes ULIDs (github.com/ulid/spec): 48 bits of time in ms, 80 random bits, as 26 digits of base 32. */
export function createUlids(randomBytes: RandomBytes): (timeMs: number) => string {
  let pool: Uint8Array = new Uint8Array(0);
  let offset = 0;
  let lastTime = NaN;
  let timeDigits = '';
  return (timeMs) => {
    if (offset === pool.length) {
      pool = randomBytes(POOLED * RANDOM_BYTES);
      offset = 0;
    }
    if (timeMs !== lastTime) {
      lastTime = timeMs;
      timeDigits = digitsOfTime(timeMs);
    }
    const first = digitsOf40(pool, offset);
    const second = digitsOf40(pool, offset + 5);
    offset += RANDOM_BYTES;
    return timeDigits + first + second;
  };
}

function digitsOfTime(timeMs: number): string {
  let rest = Math.max(0, Math.floor(timeMs));
  let text = '';
  for (let digit = 0; digit < 10; digit++) {
    text = DIGITS.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** Five bytes as eight digits. */
function digitsOf40(bytes: Uint8Array, at: number): string {
  const [a, b, c, d, e] = bytes.subarray(at, at + 5) as unknown as [number, number, number, number, number];
  return (
    DIGITS.charAt(a >> 3) +
    DIGITS.charAt(((a & 7) << 2) | (b >> 6)) +
    DIGITS.charAt((b >> 1) & 31) +
    DIGITS.charAt(((b & 1) << 4) | (c >> 4)) +
    DIGITS.charAt(((c & 15) << 1) | (d >> 7)) +
    DIGITS.charAt((d >> 2) & 31) +
    DIGITS.charAt(((d & 3) << 3) | (e >> 5)) +
    DIGITS.charAt(e & 31)
  );
}
