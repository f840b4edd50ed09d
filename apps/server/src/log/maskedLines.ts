import { maskLine } from '@roundhouse/core';
import type { LineDestination } from './logger.ts';

/** Lines without numbers of cards and social security numbers. */
export function maskedLines(destination: LineDestination): LineDestination {
  return {
    write(line) {
      destination.write(maskLine(line));
    },
  };
}
