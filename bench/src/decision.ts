import { createScope, type Scope, systemClock } from '@roundhouse/core';
import {
  CandidateTable,
  choose,
  createEndpointGroup,
  createHealth,
  EMPTY_MEMORY,
  type EndpointGroup,
  type Lease,
  resolveHealthOptions,
  STANDING,
  STRATEGY_NAMES,
  type StrategyName,
} from '@roundhouse/traffic';
import { figure } from './figure.ts';
import type { BenchOptions, Section } from './section.ts';

const ENDPOINTS = 100;
/** One endpoint of so many has no room, so that there are reasons to write. */
const FULL_ONE_IN = 20;
/** Leases out at a time: each decision gives one, and takes the oldest back. */
const LEASES = 1_000;
/** Different keys of requests by hash. */
const KEYS = 1_000;
/** Decisions that a group keeps for `explain` by default. */
const KEPT_DECISIONS = 256;
const BATCH = 500;
const WARM_UP_ROUNDS = 5;

/** One way to decide; all of them take part in every round, so that they share what the compiler learns. */
interface Way {
  readonly id: string;
  readonly label: string;
  /** Makes BATCH decisions. */
  readonly pass: () => void | Promise<void>;
  /** CPU µs a decision, one a round. */
  readonly times: number[];
}

/** What it costs to choose among a hundred endpoints, alone and as a lease of a group. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const rounds = quick ? 5 : 21;
  const roundMs = quick ? 5 : 20;
  using scope = createScope();
  using group = await healthyGroup(scope);
  const ways = [
    ...STRATEGY_NAMES.map((strategy) => choices(strategy, strategy, false)),
    choices('hash', 'p2c', true),
    leases('lease', 'p2c, lease and release', group, () => ({}), scope),
    leases('lease_by_key', 'sticky key, lease and release', group, (turn) => ({ key: `KEY${turn % KEYS}` }), scope),
  ];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    for (const way of ways) {
      const time = await timeOf(way, roundMs);
      if (round >= WARM_UP_ROUNDS) way.times.push(time);
    }
  }
  return {
    title: `Decision among ${ENDPOINTS} endpoints`,
    figures: ways.map(({ id, label, times }) => figure(`decision.${id}`, label, 'CPU µs', times)),
    notes: [
      `${rounds} rounds of ${roundMs} ms for each row, interleaved in one process; ${LEASES.toLocaleString('en')} leases out, each decision gives one and takes the oldest back.`,
      'CPU time of the whole process, garbage collection included: a decision waits for nothing, and while others have the core it is not charged.',
      `Weights 1 to 5, one endpoint in ${FULL_ONE_IN} is full. A decision writes the score or the reason of each endpoint.`,
      'Lease and release: the whole way through a group, whose decisions are kept for explain; all its endpoints are healthy.',
    ],
  };
}

/** Decisions alone, by strategy or by the hash of a key. */
function choices(id: string, strategy: StrategyName, isByHash: boolean): Way {
  const table = endpointTable();
  const { active } = table;
  const policy = { strategy, panic: 'queue', panicThreshold: 0, loadFactor: 1.25 } as const;
  const requests = Array.from({ length: KEYS }, () => ({
    now: 0,
    named: -1,
    sticky: -1,
    keyHash: isByHash ? Math.floor(Math.random() * 2 ** 32) : null,
    exclusions: null,
  }));
  const rows = new Uint32Array(ENDPOINTS);
  const buffers = Array.from({ length: KEPT_DECISIONS }, () => ({
    rows,
    scores: new Float64Array(ENDPOINTS),
    exclusions: new Uint8Array(ENDPOINTS),
  }));
  const held: number[] = [];
  let memory = EMPTY_MEMORY;
  let turn = 0;
  return {
    id,
    label: isByHash ? 'by hash of a key' : strategy,
    pass() {
      for (const end = turn + BATCH; turn < end; turn++) {
        const request = requests[turn % KEYS] as (typeof requests)[number];
        const room = buffers[turn % KEPT_DECISIONS] as (typeof buffers)[number];
        const { index, memory: next } = choose(table, request, policy, memory, Math.random, room);
        if (index < 0) throw new Error(`${strategy} chose none of ${ENDPOINTS} endpoints`);
        memory = next;
        const oldest = held[turn % LEASES];
        if (oldest !== undefined) (active[oldest] as number)--;
        held[turn % LEASES] = index;
        (active[index] as number)++;
      }
    },
    times: [],
  };
}

function endpointTable(): CandidateTable {
  const table = new CandidateTable();
  for (let row = 0; row < ENDPOINTS; row++) {
    table.append(endpointId(row));
    table.weight[row] = 1 + (row % 5);
    table.standing[row] = STANDING.Healthy;
    table.responseMs[row] = 5 + (row % 40);
    if (row % FULL_ONE_IN === 0) table.limit[row] = 0;
  }
  return table;
}

/** Leases of a group, each reported as good, as the gateway does when a session has its first screen. */
function leases(
  id: string,
  label: string,
  group: EndpointGroup<null>,
  requestOf: (turn: number) => { readonly key?: string },
  scope: Scope,
): Way {
  const held: Array<Lease<null>> = [];
  let turn = 0;
  return {
    id,
    label,
    async pass() {
      for (const end = turn + BATCH; turn < end; turn++) {
        const lease = await group.acquire(requestOf(turn), scope);
        lease.succeeded();
        held[turn % LEASES]?.release();
        held[turn % LEASES] = lease;
      }
    },
    times: [],
  };
}

/** A group whose endpoints have all been tried out with success. */
async function healthyGroup(scope: Scope): Promise<EndpointGroup<null>> {
  const health = resolveHealthOptions();
  const group = createEndpointGroup<null>(
    { id: 'bench' },
    {
      clock: systemClock,
      random: Math.random,
      createHealth: (endpoint) =>
        createHealth(endpoint, undefined, health, { clock: systemClock, random: Math.random, scope }),
    },
  );
  for (let row = 0; row < ENDPOINTS; row++) {
    const id = endpointId(row);
    group.set({ id, target: null, weight: 1 + (row % 5) });
    const lease = await group.acquire({ endpoint: id }, scope);
    lease.succeeded();
    lease.release();
  }
  return group;
}

function endpointId(row: number): string {
  return `endpoint-${row}`;
}

/** µs of CPU time a decision, all threads of this process, over at least `durationMs`. */
async function timeOf({ pass }: Way, durationMs: number): Promise<number> {
  const before = process.cpuUsage();
  let decisions = 0;
  for (const end = performance.now() + durationMs; performance.now() < end; decisions += BATCH) await pass();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / decisions;
}
