import { workerError } from '../errors.ts';

/** Bytes of a line that are looked at: what a pattern costs grows with the line, for some with its square and more. */
const MAX_LINE_BYTES = 4_096;

/** Tells whether the first 4,096 bytes of a line fit a regular expression. Raises LOG_PATTERN_INVALID. */
export function linePattern(pattern: string): (bytes: Uint8Array) => boolean {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch (cause) {
    throw workerError('LOG_PATTERN_INVALID', { details: { pattern, reason: (cause as Error).message }, cause });
  }
  return (bytes) => expression.test(Buffer.from(bytes.subarray(0, MAX_LINE_BYTES)).toString('utf8'));
}
