import type { AttachSpec } from '../spec/spec.ts';
import type { Location } from './locator.ts';

type By = AttachSpec['by'];
export type Missing = Extract<Location, { readonly process: undefined }>['reason'];

/** Why no process is taken for the one that is meant, in words. */
export function missingText(reason: Missing, by: By): string {
  switch (reason) {
    case 'not_found':
      return notFoundText(by);
    case 'stale_pid_file':
      return `the process that ${placeOf(by)} names has ended: its number is nobody's now, or another's`;
    case 'ambiguous':
      return `several processes fit ${placeOf(by)} that do not belong together: \`arguments\` or a \`pid_file\` tell them apart`;
    case 'forbidden':
      return by.kind === 'pid_file'
        ? `${by.path} belongs to a user who is not that of the process`
        : `this user may not see whose ${placeOf(by)} is`;
  }
}

function notFoundText(by: By): string {
  if (by.kind === 'port') return `no process listens on ${placeOf(by)}`;
  if (by.kind === 'name') return `there is no process of ${placeOf(by)}`;
  return `${by.path} is not there, may not be read, or names no process`;
}

function placeOf(by: By): string {
  if (by.kind === 'port') return `port ${by.port}`;
  if (by.kind === 'pid_file') return by.path;
  return `the name ${[by.name, ...by.arguments].join(' ')}`;
}
