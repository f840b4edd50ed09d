/**
 * Notes one after another in an append-only text file, an empty line behind each. What a crash has left of the last one is
 * no note.
 */

/** A note as it stands in the file. */
export function noteEntry(note: string): string {
  return `${note}\n`;
}

/** The notes of a file, and how many bytes of it they take: what is behind is torn. */
export function splitNotes(bytes: Buffer): { notes: readonly string[]; length: number } {
  const notes: string[] = [];
  let length = 0;
  for (;;) {
    const text = bytes.indexOf('\n\n', length);
    const end = text === -1 ? -1 : bytes.indexOf('\n\n', text + 2);
    if (end === -1) return { notes, length };
    notes.push(bytes.toString('utf8', length, end + 1));
    length = end + 2;
  }
}
