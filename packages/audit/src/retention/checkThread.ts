import { parentPort, workerData } from 'node:worker_threads';
import { type ArchiveCheck, checkArchive } from './archiveCheck.ts';

/** The thread in which one archive is checked. */
parentPort?.postMessage(checkArchive(workerData as ArchiveCheck) ?? null);
