import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Figure, figure } from './figure.ts';
import { temporaryDirectory } from './installation.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';
import type { Published } from './webhookPublisher.ts';
import type { Received } from './webhookReceiver.ts';

const SECRET_BYTES = 32;
/** Far apart: each event finds everything idle. */
const IDLE_PER_SECOND = 40;
/** Offered; more than what is to be sustained, so that the last event's way does not decide. */
const BUSY_PER_SECOND = 2_200;

/** How long an event takes to a receiver of webhooks, and how many of them go there second after second. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 3;
  const idleSeconds = quick ? 2 : 10;
  const busySeconds = quick ? 3 : 20;
  const idle: Course[] = [];
  const busy: Course[] = [];
  for (let run = 0; run < runs; run++) {
    idle.push(await deliver(IDLE_PER_SECOND, idleSeconds));
    busy.push(await deliver(BUSY_PER_SECOND, busySeconds));
  }
  return {
    title: 'Events to a webhook',
    figures: [...idleFigures(idle), ...busyFigures(busy)],
    notes: [
      `${runs} ${runs === 1 ? 'run' : 'runs'} each: ${IDLE_PER_SECOND} events/s for ${idleSeconds} s, ${count(BUSY_PER_SECOND)} events/s for ${busySeconds} s; every run begins with an empty store.`,
      'One server with SQLite, one webhook with its defaults (8 deliveries at a time), one receiver in another process that verifies each signature with the package standardwebhooks.',
      'Latency is from the call that publishes, in the server, until the receiver has read and verified the message: the event is durable, its delivery too, before it is sent.',
      'Sustained: messages that arrived, by the time from the first event until the last message. Lag: how long after the last event the last message arrived.',
    ],
  };
}

interface Course extends Published, Received {}

/** Publishes so many events a second, and waits until the receiver has them all. */
async function deliver(perSecond: number, seconds: number): Promise<Course> {
  await using parts = new AsyncDisposableStack();
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  const events = perSecond * seconds;
  const receiver = parts.use(await startScript(scriptPath('webhookReceiver'), secret, events));
  const { port } = await receiver.next<{ port: number }>();
  const store = join(await temporaryDirectory(parts), 'store.db');
  const url = `http://127.0.0.1:${port}/`;
  const publisher = parts.use(await startScript(scriptPath('webhookPublisher'), store, url, secret, perSecond, events));
  const published = await publisher.next<Published>();
  return { ...published, ...(await receiver.next<Received>()) };
}

function idleFigures(courses: readonly Course[]): Figure[] {
  return [
    figure(
      'webhook.latency_ms',
      'event to receiver, idle',
      'ms',
      courses.map(({ medianMs }) => medianMs),
    ),
    figure(
      'webhook.latency_p99_ms',
      'the same, 99th percentile',
      'ms',
      courses.map(({ p99Ms }) => p99Ms),
    ),
  ];
}

function busyFigures(courses: readonly Course[]): Figure[] {
  const sustained = courses.map(({ firstMs, arrivedMs, messages }) => (messages / (arrivedMs - firstMs)) * 1e3);
  const lost = courses.reduce((sum, { events, messages }) => sum + events - messages, 0);
  const rejected = courses.reduce((sum, each) => sum + each.rejected, 0);
  return [
    figure('webhook.per_s', 'sustained', 'messages/s', sustained),
    figure(
      'webhook.busy_latency_ms',
      'event to receiver, busy',
      'ms',
      courses.map(({ medianMs }) => medianMs),
    ),
    figure(
      'webhook.busy_latency_p99_ms',
      'the same, 99th percentile',
      'ms',
      courses.map(({ p99Ms }) => p99Ms),
    ),
    figure(
      'webhook.lag_ms',
      'lag at the end',
      'ms',
      courses.map(({ lastMs, arrivedMs }) => arrivedMs - lastMs),
    ),
    figure(
      'webhook.server_cpu',
      'CPU of the server',
      '% of a core',
      courses.map(({ cpuShare }) => cpuShare * 100),
    ),
    figure('webhook.lost', 'events without a message', 'events', [lost]),
    figure('webhook.rejected', 'signatures that were not good', 'messages', [rejected]),
  ];
}

function count(value: number): string {
  return value.toLocaleString('en');
}
