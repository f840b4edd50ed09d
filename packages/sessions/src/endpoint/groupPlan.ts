import type { EndpointGroupInput } from '@roundhouse/api';
import { type EndpointGroupOptions, resolveGroupOptions } from '@roundhouse/traffic';
import { sessionsError } from '../errors.ts';
import { type NavigationScript, parseScript } from '../navigation/script.ts';
import { parseRecycleScript } from '../pool/recycleScript.ts';
import { type GroupSettings, groupSettings } from './settings.ts';

/** A group that was checked, and can be made. */
export interface GroupPlan {
  readonly input: EndpointGroupInput;
  readonly settings: GroupSettings;
  readonly script: NavigationScript | undefined;
  readonly recycle: NavigationScript | undefined;
  readonly spread: EndpointGroupOptions;
}

/** Checks what a group says of itself. Raises NAVIGATION_INVALID, WARM_NEEDS_SCRIPT, GROUP_OPTION_INVALID. */
export function planGroup(input: EndpointGroupInput): GroupPlan {
  const { id } = input;
  const settings = groupSettings(input);
  const script = parsed(input.navigation, (raw) => parseScript(raw, 'navigation'));
  const recycle = parsed(input.warm?.recycle, parseRecycleScript);
  if (settings.warm !== undefined && script === undefined) {
    throw sessionsError('WARM_NEEDS_SCRIPT', { details: { group: id } });
  }
  const { strategy, affinity, queue, panic, failback } = settings;
  const spread: EndpointGroupOptions = {
    id,
    strategy,
    affinity: { mode: affinity.mode, timeoutMs: affinity.ttlMs },
    queue,
    panic,
    failback: { mode: failback },
  };
  resolveGroupOptions(spread);
  return { input, settings, script, recycle, spread };
}

/** The way from a group back to itself over those that take over for it; undefined where there is none. */
export function fallbackLoop(
  id: string,
  fallback: readonly string[],
  fallbackOf: (id: string) => readonly string[],
): readonly string[] | undefined {
  const seen = new Set<string>();
  const search = (way: readonly string[], next: readonly string[]): readonly string[] | undefined => {
    for (const each of next) {
      if (each === id) return [...way, each];
      if (seen.has(each)) continue;
      seen.add(each);
      const found = search([...way, each], fallbackOf(each));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search([id], fallback);
}

function parsed<T>(raw: unknown, parse: (raw: unknown) => T): T | undefined {
  return raw === undefined || raw === null ? undefined : parse(raw);
}
