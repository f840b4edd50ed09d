import { Worker } from 'node:worker_threads';
import type { Scope } from '@roundhouse/core';
import type { ArchiveCheck } from './archiveCheck.ts';

/** `checkArchive` in a thread of its own, which ends with the scope. Rejects with what stopped it. */
export async function checkInThread(check: ArchiveCheck, scope: Scope): Promise<string | undefined> {
  const isSource = import.meta.url.endsWith('.ts');
  // In full: a bundle puts its own program in the place of the one that is built.
  const program = isSource
    ? new URL('./checkThread.ts', import.meta.url)
    : new URL('./checkThread.js', import.meta.url);
  const worker = new Worker(program, {
    workerData: check,
    name: 'audit archive check',
    execArgv: isSource ? ['--conditions=source'] : [],
  });
  try {
    return await scope.race(
      new Promise<string | undefined>((resolve, reject) => {
        worker.once('message', (fault: string | null) => resolve(fault ?? undefined));
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error('the thread that checks has ended')));
      }),
    );
  } finally {
    await worker.terminate();
  }
}
