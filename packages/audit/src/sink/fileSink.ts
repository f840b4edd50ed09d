import { hash } from 'node:crypto';
import { join } from 'node:path';
import { auditError } from '../errors.ts';
import type { JournalFiles } from '../files.ts';
import { nodeFiles } from '../nodeFiles.ts';
import { noteEntry } from '../proof/noteFile.ts';
import type { CheckpointSink } from './sink.ts';

export interface FileSinkOptions {
  /** Better on another host: NFS, or any mount that the host of the journal may only add to. */
  readonly directory: string;
  readonly name?: string;
  /** Default `another`: a directory on the file system of the journal is refused. */
  readonly fileSystem?: 'another' | 'any';
}

/**
 * Keeps checkpoints in `checkpoints-JOURNAL` in another directory, one behind the other, each durable. Raises
 * AUDIT_SINK_SAME_FILE_SYSTEM, AUDIT_OPTIONS_INVALID.
 */
export async function openFileSink(
  options: FileSinkOptions,
  journalDirectory: string,
  files: JournalFiles = nodeFiles,
): Promise<CheckpointSink> {
  const { directory, fileSystem = 'another' } = options;
  if (directory === '') {
    throw auditError('AUDIT_OPTIONS_INVALID', { details: { option: 'directory', expected: 'a path' } });
  }
  const name = options.name ?? `file:${directory}`;
  await Promise.all([directory, journalDirectory].map((each) => files.makeDirectory(each)));
  const [own, other] = await Promise.all([directory, journalDirectory].map((each) => files.device(each)));
  if (own === other && fileSystem === 'another') {
    throw auditError('AUDIT_SINK_SAME_FILE_SYSTEM', { details: { directory } });
  }
  let last: string | undefined;
  return {
    name,
    async put({ origin, note }) {
      // A sink may be asked again for one whose answer was lost.
      const digest = hash('sha256', note);
      if (digest === last) return;
      try {
        const file = await files.append(join(directory, `checkpoints-${origin.replace('roundhouse/', '')}`), 'any');
        try {
          await file.write(Buffer.from(noteEntry(note)));
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw auditError('AUDIT_SINK_FAILED', { details: { sink: name, reason }, cause });
      }
      last = digest;
    },
  };
}
