import { parentPort, workerData } from 'node:worker_threads';
import { verifyNew, type VerifyTask } from './verifyNew.ts';

/** Of its time the thread works a quarter: others need the processor and the disk. */
const REST_FACTOR = 3;
const MAX_REST_MS = 30_000;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
let since = performance.now();

function rest(): void {
  const worked = performance.now() - since;
  Atomics.wait(sleeper, 0, 0, Math.min(worked * REST_FACTOR, MAX_REST_MS));
  since = performance.now();
}

parentPort?.postMessage(verifyNew(workerData as VerifyTask, rest));
