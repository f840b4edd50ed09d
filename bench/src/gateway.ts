import { GROUP, startDemoGroup } from './demoGroup.ts';
import { type FailoverFacts, failOver } from './failover.ts';
import { type Figure, figure, quantileOf } from './figure.ts';
import type { BenchOptions, Section } from './section.ts';
import { startServer } from './serverChild.ts';
import { warmCreateTimes } from './warmCreates.ts';

const WARM_UP_CREATES = 50;
const WARM_SIZE = 64;
const WARM_CREATES = 50;

/** What a session of a group costs its caller, and how fast many get another host when theirs is killed. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const creates = quick ? 100 : 500;
  const sessions = quick ? 100 : 1_000;
  const runs = quick ? 1 : 3;
  const times = await createTimes(creates);
  const warmTimes = await warmCreateTimes(WARM_SIZE, WARM_CREATES);
  const failovers: FailoverFacts[] = [];
  while (failovers.length < runs) failovers.push(await failOver(sessions));
  return {
    title: 'Gateway',
    figures: [
      figure('create.ms', 'session created, first screen', 'ms', times),
      figure('create.p99_ms', 'session created, 99th percentile', 'ms', [quantileOf(times, 0.99)]),
      figure('warm.ms', 'warm session leased', 'ms', warmTimes),
      ...failoverFigures(sessions, failovers),
    ],
    notes: [
      `${creates} sessions one after another on one kept connection, ${WARM_UP_CREATES} before them; all stay open. A group of 3 demo hosts, a process each; the server in another.`,
      `${WARM_CREATES} leases one after another from ${WARM_SIZE} warm sessions at the menu behind a logon, timed in the process of the gateway (Gateway.create, no API between); the first is included, and the pool fills up meanwhile.`,
      `${runs} ${runs === 1 ? 'failover' : 'failovers'}, each of a new server with a group of two hosts in two tiers; all sessions are on the first, whose process gets SIGKILL.`,
      'The group has its defaults: 32 sessions move at a time. A session is replaced when it has its first screen on the other host; times are those of a watcher of the event stream.',
    ],
  };
}

function failoverFigures(sessions: number, failovers: readonly FailoverFacts[]): Figure[] {
  const label = `${count(sessions)} sessions replaced`;
  // A sum: the median would pass over a run that lost some.
  const lost = failovers.reduce((sum, each) => sum + each.lost, 0);
  const times = failovers.flatMap((each) => each.times ?? []);
  const ofTimes = (id: string, label: string, unit: string, sampleOf: (each: (typeof times)[number]) => number) =>
    times.length === 0 ? [] : [figure(`failover.${id}`, label, unit, times.map(sampleOf))];
  return [
    ...ofTimes('seconds', `${label}, from the kill`, 's', ({ seconds }) => seconds),
    ...ofTimes(
      'after_detection_s',
      `${label}, from detection`,
      's',
      ({ afterDetectionSeconds }) => afterDetectionSeconds,
    ),
    ...ofTimes('detected_ms', 'first loss told, from the kill', 'ms', ({ detectedMs }) => detectedMs),
    figure('failover.lost', `of ${count(sessions * failovers.length)}, not on the other host`, 'sessions', [lost]),
  ];
}

/** ms that each of `creates` calls took. */
async function createTimes(creates: number): Promise<number[]> {
  await using parts = new AsyncDisposableStack();
  const { client } = await startServer(parts);
  await startDemoGroup(parts, client, [0, 0, 0]);
  const times: number[] = [];
  for (let created = 0; created < WARM_UP_CREATES + creates; created++) {
    const sent = performance.now();
    await client.createSession({ group: GROUP });
    if (created >= WARM_UP_CREATES) times.push(performance.now() - sent);
  }
  return times;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
