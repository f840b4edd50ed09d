import { TYPE_PREFIX } from './record.ts';

/**
 * What takes types, with or without `roundhouse.`, that are named, with or without it: whole, by their beginning with
 * `.*`, or all by `*`.
 */
export function typeFilter(wanted: readonly string[] = ['*']): (type: string) => boolean {
  const exact = new Set<string>();
  const beginnings: string[] = [];
  for (const text of wanted) {
    const name = text.startsWith(TYPE_PREFIX) || text === '*' ? text : TYPE_PREFIX + text;
    if (name.endsWith('*')) beginnings.push(name.slice(0, -1));
    else exact.add(name);
  }
  return (type) => {
    const full = type.startsWith(TYPE_PREFIX) ? type : TYPE_PREFIX + type;
    return exact.has(full) || beginnings.some((beginning) => full.startsWith(beginning));
  };
}
