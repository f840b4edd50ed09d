const MAX_CHARACTERS = 200;
/** Controls, and marks of direction, which would play tricks on a reader. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu;

/** What a peer or a command has said, as one short line for a message; `nothing` where it said nothing. */
export function excerpt(text: string): string {
  const line = text
    .slice(0, 4 * MAX_CHARACTERS)
    .replace(CONTROLS, ' ')
    .trim();
  if (line === '') return 'nothing';
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}
