import type { HomeFacts } from './facts.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

/** Bits of a mode that let others look or write; passing through is for workers of other users. */
const OTHERS = 0o066;

/** How a directory is that is for the server alone; `otherwise`: what to do where it cannot be moved away. */
export function directoryFinding(check: string, { path, state, mode, isOwn }: HomeFacts, otherwise: string): Finding {
  switch (state) {
    case 'absent':
      return ok(check, `${path} is not there yet; it is made at the first start`);
    case 'not_a_directory':
      return fail(check, `${path} is no directory`, `Move it away, or ${otherwise}.`);
    case 'not_writable':
      return fail(check, `${path} cannot be written`, `Give it to the user of the server: chown -R USER ${path}`);
    case 'ready': {
      const octal = mode === null ? 'unknown' : (mode & 0o777).toString(8);
      if (mode !== null && (mode & OTHERS) !== 0) {
        return warn(check, `${path} is open to others (mode ${octal})`, `Close it: chmod go-rw ${path}`);
      }
      if (!isOwn) {
        return warn(
          check,
          `${path} belongs to another user`,
          `Give it to the user of the server: chown -R USER ${path}`,
        );
      }
      return ok(check, `${path} is writable and private (mode ${octal})`);
    }
  }
}
