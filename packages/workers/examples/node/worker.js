// An integrated worker in Node.js: an HTTP server that finishes what it has before it goes.
//
//   ROUNDHOUSE_WORKER_SOCKET=/tmp/worker.sock PORT=8080 node worker.js
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { serveWorkerContract } from '@roundhouse/workers/library';

let inFlight = 0;
let answered = 0;

const server = createServer((_request, response) => {
  inFlight++;
  response.once('close', () => {
    inFlight--;
    answered++;
  });
  void setTimeout(20).then(() => response.end('hello\n'));
});

const contract = await serveWorkerContract({
  metrics: () => [
    { name: 'answers_total', kind: 'counter', value: answered, help: 'Requests that were answered.' },
    { name: 'requests_in_flight', kind: 'gauge', value: inFlight },
  ],
  // Nothing new is sent to a worker that is not ready; it stays until it is stopped.
  async onDrain(signal) {
    while (inFlight > 0 && !signal.aborted) await setTimeout(10);
    return inFlight;
  },
});

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => contract.setReady(true));
process.once('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
