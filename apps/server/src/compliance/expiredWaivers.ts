import type { EnvironmentCheck, Finding, Path } from '@roundhouse/config';
import type { Clock } from '@roundhouse/core';
import { conflict } from '../configuration/conflict.ts';
import type { ComplianceOptions } from './options.ts';

interface Section {
  readonly compliance?: ComplianceOptions | undefined;
}

/** Warns of waivers that have run out: they do not count, and whoever relies on one should know. */
export function expiredWaivers(clock: Clock): EnvironmentCheck<Section> {
  return ({ compliance = {} }) =>
    Promise.resolve(
      (compliance.waivers ?? []).flatMap(({ rule, expires }, index): Finding[] => {
        if (Date.parse(expires) > clock.now()) return [];
        const path: Path = ['compliance', 'waivers', index, 'expires'];
        return [
          {
            ...conflict(path, `the waiver of ${rule} has run out`, 'remove it, or decide anew'),
            severity: 'warning',
          },
        ];
      }),
    );
}
