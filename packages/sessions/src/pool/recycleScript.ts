import { callsHost, type NavigationScript, parseScript } from '../navigation/script.ts';
import { refuse } from '../navigation/signature.ts';

const PATH = 'warm.recycle';

/**
 * Checks the script that leads a session which was used back to its park screen. It has to give the host the word in a
 * step that is never skipped: a screen that the host has not written anew may hold what its user typed. Raises
 * NAVIGATION_INVALID.
 */
export function parseRecycleScript(raw: unknown): NavigationScript {
  const script = parseScript(raw, PATH);
  const leadsThroughHost = script.steps.some(({ when, actions }) => {
    const last = actions.at(-1);
    return when === undefined && last?.type === 'key' && callsHost(last.key);
  });
  if (leadsThroughHost) return script;
  throw refuse(`${PATH}.steps`, 'one without "when" has to end with a key that gives the host the word');
}
