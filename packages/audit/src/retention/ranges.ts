/** Most that is said of numbers, in characters: what is longer ends with a sign for more. */
const MAX_CHARACTERS = 4_096;

/** Numbers in order as text: `0-3,7,9-12`. */
export function rangesText(numbers: readonly number[]): string {
  const ranges: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else ranges.push([number, number]);
  }
  const text = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, text.lastIndexOf(',', MAX_CHARACTERS))},…`;
}
