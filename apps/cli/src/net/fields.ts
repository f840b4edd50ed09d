import { cliError } from '../errors.ts';

/** Fields as they are written on a command line, `Name: value`. Raises ARGUMENT_INVALID. */
export function fieldsOf(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(lines.map(fieldOf));
}

function fieldOf(line: string): readonly [name: string, value: string] {
  const [, name, value] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw cliError('ARGUMENT_INVALID', {
    details: { argument: `header "${line}"`, reason: 'write it like "Authorization: Bearer TOKEN"' },
  });
}
