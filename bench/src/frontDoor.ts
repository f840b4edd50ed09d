import { SCREEN_KINDS, type ScreenKind } from '@roundhouse/testing';
import { ROUNDHOUSE } from './clients.ts';
import { type DemoEndpoint, GROUP, startDemoGroup } from './demoGroup.ts';
import { type Figure, figure, quantileOf } from './figure.ts';
import { HAPROXY, haproxyAvailable, missingHaproxy, startHaproxy } from './haproxy.ts';
import { startScript } from './jsonChild.ts';
import { startLoadHost } from './loadHostChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';
import { startServerWithFrontDoor } from './serverChild.ts';

/** Enough that a client, a new process each, is not measured while it warms up. */
const SCREENS = 200_000;

/** What the front door adds to the way between a terminal and its host, beside a relay that knows nothing of 3270. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const tripRuns = quick ? 1 : 5;
  const trips = quick ? 200 : 1_000;
  const runs = quick ? 1 : 5;
  const medians: TripMedians[] = [];
  while (medians.length < tripRuns) medians.push(await tripMedians(trips));
  const figures = tripFigures(medians);
  for (const kind of SCREEN_KINDS) figures.push(...throughputFigures(kind, await screensPerSecond(kind, runs)));
  return {
    title: 'Front door',
    figures,
    notes: [
      `${tripRuns} ${tripRuns === 1 ? 'run' : 'runs'} of ${trips} round trips each way, by turns in one client: Enter on a menu until the next screen unlocks the keyboard. Host, server and client are a process each; a sample is the median of a run.`,
      `${runs} ${runs === 1 ? 'client' : 'clients'} of ${SCREENS.toLocaleString('en')} screens a way and kind, the ways by turns; the host, the server and haproxy stay, each client is a new process.`,
      'haproxy relays TCP (mode tcp, one frontend, one backend); the front door follows the session as well, with a screen of its own.',
      'Every screen reaches the terminal. The load is Erase/Writes back to back: of those that come in one piece the front door draws only the last on its own screen, a saving that writes without erase do not have.',
      ...missingHaproxy(),
    ],
  };
}

interface TripMedians {
  readonly directMs: number;
  readonly frontDoorMs: number;
}

async function tripMedians(trips: number): Promise<TripMedians> {
  await using parts = new AsyncDisposableStack();
  const { client, frontPort } = await startServerWithFrontDoor(parts, GROUP);
  const [{ host }] = (await startDemoGroup(parts, client, [0])) as [DemoEndpoint];
  const terminal = parts.use(await startScript(scriptPath('roundTrips'), host.port, frontPort, trips));
  const times = await terminal.next<{ direct: readonly number[]; frontDoor: readonly number[] }>();
  return { directMs: quantileOf(times.direct, 0.5), frontDoorMs: quantileOf(times.frontDoor, 0.5) };
}

function tripFigures(medians: readonly TripMedians[]): Figure[] {
  const of = (id: string, label: string, sampleOf: (each: TripMedians) => number): Figure =>
    figure(`front_door.${id}`, label, 'ms', medians.map(sampleOf));
  return [
    of('direct_ms', 'round trip, direct', ({ directMs }) => directMs),
    of('through_ms', 'round trip, front door', ({ frontDoorMs }) => frontDoorMs),
    of('added_ms', 'round trip, added', ({ directMs, frontDoorMs }) => frontDoorMs - directMs),
  ];
}

type Way = 'direct' | 'frontDoor' | 'haproxy';
type Throughput = Readonly<Record<Way, readonly number[]>>;

/** Screens/s of `runs` clients by each way to one host; those of haproxy are missing where it is. */
async function screensPerSecond(kind: ScreenKind, runs: number): Promise<Throughput> {
  await using parts = new AsyncDisposableStack();
  const host = await startLoadHost(parts, kind, SCREENS, runs * (haproxyAvailable() ? 3 : 2));
  const ports = new Map<Way, number>([
    ['direct', host.port],
    ['frontDoor', await openFrontDoor(parts, host.port)],
  ]);
  if (haproxyAvailable()) ports.set('haproxy', await startHaproxy(parts, host.port));
  const samples: Record<Way, number[]> = { direct: [], frontDoor: [], haproxy: [] };
  for (let run = 0; run < runs; run++) {
    for (const [way, port] of ports) {
      await using _client = await ROUNDHOUSE.start(port);
      samples[way].push((await host.result()).screens_per_s);
    }
  }
  return samples;
}

/** The port of a front door to the host at `port`, which gets a connection for a terminal and no other. */
async function openFrontDoor(parts: AsyncDisposableStack, port: number): Promise<number> {
  const { client, frontPort } = await startServerWithFrontDoor(parts, GROUP);
  await client.createResource('endpoint_group', { id: GROUP, failover: { enabled: false } });
  await client.createResource('endpoint', {
    id: 'host',
    host: '127.0.0.1',
    port,
    group: GROUP,
    probe: { kind: 'none' },
  });
  return frontPort;
}

function throughputFigures(kind: ScreenKind, { direct, frontDoor, haproxy }: Throughput): Figure[] {
  const unit = 'screens/s';
  return [
    figure(`front_door.direct.${kind}`, `${kind}, direct`, unit, direct),
    figure(`front_door.${kind}`, `${kind}, front door`, unit, frontDoor, { name: HAPROXY, samples: haproxy }),
  ];
}
