import { type LoadResult, SCREEN_KINDS, type ScreenKind } from '@roundhouse/testing';
import { type ClientProgram, installedClients, missingPeers, ROUNDHOUSE, S3270 } from './clients.ts';
import { cpuTimeUs } from './cpuTime.ts';
import { type Figure, figure, type PeerSamples, quantileOf } from './figure.ts';
import { startLoadHost } from './loadHostChild.ts';
import type { BenchOptions, Section } from './section.ts';

/** Enough that the start-up of a run time, a few hundred ms, is not what is measured. */
const SCREENS = 20_000;
const START_UP_RUNS = 5;

interface Run {
  readonly cpuUs: number;
  readonly result: LoadResult;
}

/** CPU time per screen of whole client processes that are sent screens over loopback, ours and s3270 in turn. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 5;
  const clients = installedClients();
  const startUps = await alternate(clients, START_UP_RUNS, 'form', 0);
  const figures: Figure[] = [];
  for (const kind of SCREEN_KINDS) {
    const loaded = await alternate(clients, runs, kind, SCREENS);
    const compare = (
      id: string,
      label: string,
      unit: string,
      sampleOf: (run: Run, client: ClientProgram) => number,
    ): Figure => {
      const samples = (client: ClientProgram): readonly number[] =>
        (loaded.get(client) ?? []).map((run) => sampleOf(run, client));
      const peer: PeerSamples = { name: S3270.name, samples: samples(S3270) };
      return figure(`${id}.${kind}`, label, unit, samples(ROUNDHOUSE), peer);
    };
    const startUpUs = (client: ClientProgram): number =>
      quantileOf(
        (startUps.get(client) as readonly Run[]).map(({ cpuUs }) => cpuUs),
        0.5,
      );
    figures.push(
      compare('cpu', `${kind}, whole process`, 'CPU µs/screen', ({ cpuUs }) => cpuUs / SCREENS),
      compare(
        'cpu_marginal',
        `${kind}, without start-up`,
        'CPU µs/screen',
        ({ cpuUs }, client) => (cpuUs - startUpUs(client)) / SCREENS,
      ),
      compare('loopback', `${kind}, through the line`, 'screens/s', ({ result }) => result.screens_per_s),
    );
  }
  return {
    title: 'CPU per screen over loopback',
    figures,
    notes: [
      `${runs} runs of ${SCREENS.toLocaleString('en')} screens a client and kind; clients take turns; user and system time of the whole process, all threads.`,
      'Without start-up: less the median of runs that get one screen.',
      ...missingPeers(),
    ],
  };
}

/** A B A B …, so that a slow minute of the machine is shared. */
async function alternate(
  clients: readonly ClientProgram[],
  runs: number,
  kind: ScreenKind,
  screens: number,
): Promise<ReadonlyMap<ClientProgram, readonly Run[]>> {
  const byClient = new Map<ClientProgram, Run[]>(clients.map((client) => [client, []]));
  for (let run = 0; run < runs; run++) {
    for (const [client, done] of byClient) done.push(await runOnce(client, kind, screens));
  }
  return byClient;
}

async function runOnce(client: ClientProgram, kind: ScreenKind, screens: number): Promise<Run> {
  await using parts = new AsyncDisposableStack();
  const host = await startLoadHost(parts, kind, screens);
  const peer = parts.use(await client.start(host.port));
  // The result comes when the client has answered the read behind the last screen; it is idle then, and alive.
  const result = await host.result();
  return { cpuUs: cpuTimeUs(peer.pid), result };
}
