import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { quantileOf } from './figure.ts';
import { monotonicMs } from './monotonic.ts';

/** Of messages with a good signature, each counted once; times as `monotonicMs` has them. */
export interface Received {
  readonly messages: number;
  readonly rejected: number;
  /** From when the event was published. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** When the last message was there. */
  readonly arrivedMs: number;
}

/**
 * A receiver of webhooks as its author would write it, as a process: `webhookReceiver.ts SECRET EVENTS`. Prints
 * `{"port":…}`, and a Received when so many messages have come, or none for a while.
 */
const [secret, events] = process.argv.slice(2) as [string, string];
const PATIENCE_MS = 10_000;

const webhook = new Webhook(secret);
const latencies = new Map<string, number>();
let rejected = 0;
let arrivedMs = monotonicMs();
const patience = setTimeout(report, PATIENCE_MS);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const isGood = receive(Buffer.concat(chunks).toString(), request.headers as Record<string, string>);
    response.writeHead(isGood ? 204 : 401).end();
    if (latencies.size === Number(events)) report();
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);

function receive(body: string, headers: Record<string, string>): boolean {
  patience.refresh();
  try {
    const { data } = webhook.verify(body, headers) as { data: { published_ms: number } };
    arrivedMs = monotonicMs();
    latencies.set(headers['webhook-id'] as string, arrivedMs - data.published_ms);
    return true;
  } catch {
    rejected++;
    return false;
  }
}

function report(): void {
  clearTimeout(patience);
  const times = [...latencies.values()];
  const facts: Received = {
    messages: times.length,
    rejected,
    medianMs: quantileOf(times, 0.5),
    p99Ms: quantileOf(times, 0.99),
    arrivedMs,
  };
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}
