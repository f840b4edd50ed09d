import { Agent, get } from 'node:http';
import { quantileOf } from './figure.ts';
import type { HttpLoad, LoadFacts } from './httpLoader.ts';

/** The load of a machine without wrk, as a process: `httpLoad.ts LOAD` (JSON). Prints the facts as JSON. */
const { origin, paths, headers, connections, seconds } = JSON.parse(process.argv[2] as string) as HttpLoad;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const latencies: number[] = [];
let errors = 0;
let next = 0;
const started = performance.now();
const end = started + seconds * 1e3;

async function readInTurn(): Promise<void> {
  while (performance.now() < end) {
    const path = paths[next++ % paths.length] as string;
    const sent = performance.now();
    if (await isRead(path)) latencies.push(performance.now() - sent);
    else errors++;
  }
}

function isRead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${origin}${path}`, { agent, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
      response.once('error', () => resolve(false));
    });
    request.once('error', () => resolve(false));
  });
}

await Promise.all(Array.from({ length: connections }, readInTurn));
agent.destroy();
const elapsedSeconds = (performance.now() - started) / 1e3;
const facts: LoadFacts = {
  readsPerSecond: latencies.length / elapsedSeconds,
  p99Ms: latencies.length === 0 ? Number.NaN : quantileOf(latencies, 0.99),
  errors,
};
process.stdout.write(`${JSON.stringify(facts)}\n`);
