export { type ServedContract, serveWorkerContract, type WorkerHandlers } from './workerContract.ts';
