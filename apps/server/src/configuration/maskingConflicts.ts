import type { Finding } from '@roundhouse/config';
import { conflict } from './conflict.ts';
import type { ConfigurationValue } from './definition.ts';

/** What is masked in one place and shown in another. */
export function* maskingConflicts({ masking, front_door: door }: ConfigurationValue): Iterable<Finding> {
  const index = masking?.channels?.indexOf('screens') ?? -1;
  if (door === undefined || index < 0) return;
  yield {
    ...conflict(
      ['masking', 'channels', index],
      'screens are masked, but terminals at the front door get what the host sends, numbers too',
      'let the host mask them, or take out `front_door`',
    ),
    severity: 'warning',
    related: [{ path: ['front_door'], message: 'the front door is here' }],
  };
}
