import { Worker } from 'node:worker_threads';
import type { Scope } from '@roundhouse/core';
import type { VerifyOutcome, VerifyTask } from './verifyNew.ts';

/** `verifyNew` in a thread of its own, which ends with the scope. Rejects with what stopped it. */
export async function verifyInThread(task: VerifyTask, scope: Scope): Promise<VerifyOutcome> {
  const isSource = import.meta.url.endsWith('.ts');
  // In full: a bundle puts its own program in the place of the one that is built.
  const program = isSource
    ? new URL('./verifyThread.ts', import.meta.url)
    : new URL('./verifyThread.js', import.meta.url);
  const worker = new Worker(program, {
    workerData: task,
    name: 'audit verification',
    execArgv: isSource ? ['--conditions=source'] : [],
  });
  try {
    return await scope.race(
      new Promise<VerifyOutcome>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () => reject(new Error('the thread that verifies has ended')));
      }),
    );
  } finally {
    await worker.terminate();
  }
}
