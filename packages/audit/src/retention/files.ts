import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type JournalFiles, writeNew } from '../files.ts';
import { nodeFiles } from '../nodeFiles.ts';

/** The disk as retention needs it. */
export interface RetentionFiles extends JournalFiles {
  /** In the place of what has that name, within one file system. */
  rename(from: string, to: string): Promise<void>;
}

export const nodeRetentionFiles: RetentionFiles = { ...nodeFiles, rename };

const SEGMENT_DIGITS = 8;

/** A small file that is there whole or not at all, whatever a crash does; durable. */
export async function replaceFile(files: RetentionFiles, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  await files.remove(temporary);
  await writeNew(files, temporary, bytes);
  await files.rename(temporary, path);
  await files.syncDirectory(dirname(path));
}

/** Where the archive of a journal has the parts of a segment. */
export function archivePaths(directory: string, segment: number) {
  const at = (ending: string): string => join(directory, `${String(segment).padStart(SEGMENT_DIGITS, '0')}.${ending}`);
  return { data: at('seg.zst'), key: at('key'), manifest: at('manifest.json') } as const;
}

export function certificatesOf(state: string): string {
  return join(state, 'certificates');
}

export function certificatePath(state: string, kind: 'segment' | 'archive', segment: number): string {
  return join(certificatesOf(state), `${kind}-${String(segment).padStart(SEGMENT_DIGITS, '0')}.json`);
}
