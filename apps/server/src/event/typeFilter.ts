import { TYPE_PREFIX } from './record.ts';

/** What takes types that are named, with or without `roundhouse.`: whole, by their beginning with `.*`, or all by `*`. */
export function typeFilter(wanted: readonly string[]): (type: string) => boolean {
  const exact = new Set<string>();
  const beginnings: string[] = [];
  for (const text of wanted) {
    const name = text.startsWith(TYPE_PREFIX) || text === '*' ? text : TYPE_PREFIX + text;
    if (name.endsWith('*')) beginnings.push(name.slice(0, -1));
    else exact.add(name);
  }
  return (type) => exact.has(type) || beginnings.some((beginning) => type.startsWith(beginning));
}
