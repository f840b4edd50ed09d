import { hash } from 'node:crypto';

/** SHA-256 over the JSON with its keys sorted, as `sha256:…`: the same facts give the same digest. */
export function digestOf(value: unknown): string {
  return `sha256:${hash('sha256', sortedJson(value), 'hex')}`;
}

/** JSON whose keys stand in the order of their UTF-16 code units (RFC 8785 §3.2.3), without blanks. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
