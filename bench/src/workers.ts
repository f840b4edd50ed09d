import { isInstalled } from '@roundhouse/testing';
import { type Figure, figure, type PeerSamples, quantileOf } from './figure.ts';
import { temporaryDirectory } from './installation.ts';
import { installPm2, PM2 } from './pm2.ts';
import { ROUNDHOUSE_UP, SUPERVISOR_ALONE } from './roundhouseManagers.ts';
import type { BenchOptions, Section } from './section.ts';
import { SUPERVISORD } from './supervisord.ts';
import type { WorkerManager } from './workerManager.ts';
import {
  capture,
  type Capture,
  type Course,
  replacements,
  startAndStop,
  type Rest,
  type RestPlan,
  type Survival,
  survival,
} from './workerScenarios.ts';

const FEW = 100;
const MANY = 500;

interface Plan {
  readonly rounds: number;
  readonly rest: RestPlan;
  readonly kills: number;
  readonly lines: number;
}

const FULL: Plan = { rounds: 3, rest: { afterMs: 60_000, forMs: 30_000 }, kills: 20, lines: 2_560_000 };
const QUICK: Plan = { rounds: 1, rest: { afterMs: 5_000, forMs: 5_000 }, kills: 5, lines: 320_000 };

/** What was seen of one manager, a sample a round. */
interface Seen {
  readonly manager: WorkerManager;
  readonly isPeer: boolean;
  readonly few: Course[];
  readonly many: Course[];
  readonly delays: (readonly number[])[];
  readonly captures: Capture[];
  readonly survivals: Survival[];
}

/** The supervisor beside other managers of processes: how fast it starts, replaces and stops, and what it costs. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const plan = quick ? QUICK : FULL;
  const { peers, notes } = await findPeers();
  const all = [
    { manager: ROUNDHOUSE_UP, isPeer: false },
    { manager: SUPERVISOR_ALONE, isPeer: false },
    ...peers.map((manager) => ({ manager, isPeer: true })),
  ].map((each): Seen => ({ ...each, few: [], many: [], delays: [], captures: [], survivals: [] }));
  await using parts = new AsyncDisposableStack();
  const place = await temporaryDirectory(parts);
  for (let round = 0; round < plan.rounds; round++) {
    const rest = round === 0 ? plan.rest : undefined;
    for (const { manager, few } of all) few.push(await startAndStop(manager, place, FEW, rest));
    for (const { manager, many } of all) many.push(await startAndStop(manager, place, MANY, rest));
    for (const { manager, delays } of all) delays.push(await replacements(manager, place, plan.kills));
    for (const { manager, captures } of all) captures.push(await capture(manager, place, plan.lines));
  }
  for (const { manager, survivals } of all) survivals.push(await survival(manager, place));
  return { title: 'Workers', figures: figuresOf(all), notes: [...notesOn(plan), ...notes] };
}

async function findPeers(): Promise<{ readonly peers: readonly WorkerManager[]; readonly notes: readonly string[] }> {
  const peers: WorkerManager[] = [];
  const notes: string[] = [];
  try {
    await installPm2();
    peers.push(PM2);
  } catch (error) {
    notes.push(`pm2 could not be installed, so nothing is compared with it: ${(error as Error).message.trim()}`);
  }
  if (isInstalled('supervisord')) peers.push(SUPERVISORD);
  else notes.push('supervisord is not installed, so nothing is compared with it (Debian: apt install supervisor).');
  return { peers, notes };
}

/** One measured quantity; `best` finds the better peer. */
interface Quantity {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly samplesOf: (seen: Seen) => readonly number[];
  readonly best: 'least' | 'most';
}

const QUANTITIES: readonly Quantity[] = [
  {
    id: 'start_100_s',
    label: `${FEW} workers started`,
    unit: 's',
    samplesOf: ({ few }) => few.map(({ startMs }) => startMs / 1e3),
    best: 'least',
  },
  {
    id: 'start_500_s',
    label: `${MANY} workers started`,
    unit: 's',
    samplesOf: ({ many }) => many.map(({ startMs }) => startMs / 1e3),
    best: 'least',
  },
  {
    id: 'stop_100_s',
    label: `${FEW} workers stopped`,
    unit: 's',
    samplesOf: ({ few }) => few.map(({ stopMs }) => stopMs / 1e3),
    best: 'least',
  },
  {
    id: 'stop_500_s',
    label: `${MANY} workers stopped`,
    unit: 's',
    samplesOf: ({ many }) => many.map(({ stopMs }) => stopMs / 1e3),
    best: 'least',
  },
  {
    id: 'replaced_ms',
    label: 'kill to replacement, median',
    unit: 'ms',
    samplesOf: ({ delays }) => delays.map((each) => quantileOf(each, 0.5)),
    best: 'least',
  },
  {
    id: 'replaced_max_ms',
    label: 'kill to replacement, longest',
    unit: 'ms',
    samplesOf: ({ delays }) => delays.map((each) => Math.max(...each)),
    best: 'least',
  },
  {
    id: 'pss_mb',
    label: `memory (PSS), ${FEW} workers`,
    unit: 'MB',
    samplesOf: ({ few }) => restOf(few).map(({ proportionalKb }) => proportionalKb / 1e3),
    best: 'least',
  },
  {
    id: 'pss_500_mb',
    label: `memory (PSS), ${MANY} workers`,
    unit: 'MB',
    samplesOf: ({ many }) => restOf(many).map(({ proportionalKb }) => proportionalKb / 1e3),
    best: 'least',
  },
  {
    id: 'idle_percent',
    label: `idle, ${FEW} workers`,
    unit: '% of a core',
    samplesOf: ({ few }) => restOf(few).map(({ idleShare }) => idleShare * 100),
    best: 'least',
  },
  {
    id: 'capture_mb_per_s',
    label: 'output kept',
    unit: 'MB/s',
    samplesOf: ({ captures }) => captures.map(({ mbPerSecond }) => mbPerSecond),
    best: 'most',
  },
  {
    id: 'capture_cpu',
    label: 'output kept',
    unit: 'ms CPU/MB',
    samplesOf: ({ captures }) => captures.map(({ cpuMsPerMb }) => cpuMsPerMb),
    best: 'least',
  },
  {
    id: 'capture_lost',
    label: 'output lost',
    unit: 'lines',
    samplesOf: ({ captures }) => [captures.reduce((sum, { lostLines }) => sum + lostLines, 0)],
    best: 'least',
  },
  {
    id: 'survival.alive',
    label: 'manager killed',
    unit: 'of 5 alive',
    samplesOf: ({ survivals }) => survivals.map(({ alive }) => alive),
    best: 'most',
  },
  {
    id: 'survival.duplicates',
    label: 'manager killed, started again',
    unit: 'duplicates',
    samplesOf: ({ survivals }) => survivals.map(({ total, workers }) => total - workers),
    best: 'least',
  },
  {
    id: 'survival.kept',
    label: 'manager killed, started again',
    unit: 'of 5 kept',
    samplesOf: ({ survivals }) => survivals.map(({ kept }) => kept),
    best: 'most',
  },
];

function figuresOf(all: readonly Seen[]): Figure[] {
  return QUANTITIES.flatMap((quantity) => {
    const { id, label, unit, samplesOf } = quantity;
    const peer = bestOf(all.filter(({ isPeer }) => isPeer).map(samplesOf), quantity);
    return all.map((seen) => {
      const { name } = seen.manager;
      const of = `workers.${name.replaceAll(' ', '_')}.${id}`;
      return figure(of, `${label}: ${name}`, unit, samplesOf(seen), seen.isPeer ? undefined : peer);
    });
  });
}

function restOf(courses: readonly Course[]): readonly Rest[] {
  return courses.flatMap(({ rest }) => rest ?? []);
}

function bestOf(peers: readonly (readonly number[])[], { best }: Quantity): PeerSamples | undefined {
  const sign = best === 'least' ? 1 : -1;
  const [samples] = peers.toSorted((a, b) => sign * (quantileOf(a, 0.5) - quantileOf(b, 0.5)));
  return samples && { name: 'best peer', samples };
}

function notesOn({ rounds, rest, kills, lines }: Plan): readonly string[] {
  return [
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, in each all managers by turns, in a new directory; memory, idle and survival once.`,
    'Started: from the start of the manager, cold, until /proc shows the last worker as its program (sleep); it is looked at every 20 ms. Stopped: from SIGTERM to the manager (`pm2 kill`) until it shows none. Their configurations have one entry a worker.',
    `Replaced: SIGKILL to ${kills} workers one after the other, each once, until the next one has noted its start.`,
    `Memory and idle: ${rest.afterMs / 1e3} s after the start, CPU for ${rest.forMs / 1e3} s from then on.`,
    'Memory and CPU are those of all processes of a manager, what it keeps by each worker included, the workers themselves not.',
    `Output: ${(lines / 1e6).toFixed(2)} million lines of 100 bytes from one worker, as fast as they are taken; lost is what is not in the file as it was written.`,
    'Survival: SIGKILL to the manager of five workers that write, and its start 4 s later.',
  ];
}
