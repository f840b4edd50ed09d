import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Site } from './site.fixture.ts';

const OPERATIONS = 10_000;
const WORKERS = 50;
/** That are under way at once. */
const IN_FLIGHT = 32;
const OPERATION_NAMES = ['start', 'stop', 'restart', 'signal', 'set', 'scale', 'kill'] as const;
/** Longer than all graces and waits together. */
const PATIENCE_MS = 30_000;
/** What may come of one that another overtakes, or that comes when nothing runs. */
const EXPECTED = ['WORKER_SUPERSEDED', 'WORKER_NOT_RUNNING', 'WORKER_FAILED', 'WORKER_NOT_FOUND'];

const KINDS = [
  { command: ['sleep', '1000'], processes: 1 },
  // A child, and one in a session of its own, which no signal to its group finds.
  { command: ['sh', '-c', 'sleep 1000 & setsid sleep 1000 & wait'], processes: 3 },
] as const;

/** What was asked for last. */
interface Wanted {
  readonly id: string;
  readonly kind: { readonly command: readonly [string, ...string[]]; readonly processes: number };
  value: number;
  /** Whether each instance is to run. */
  readonly instances: Map<number, boolean>;
}

const random = (below: number): number => Math.floor(Math.random() * below);

describe('operations at random on fifty workers', () => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.end());

  it('leave every worker as it was last wanted, and nothing behind', async () => {
    await site.begin();
    // What is opened once and for all is open from now on.
    const first = Array.from({ length: 20 }, (_, number) => `first${number}`);
    const kind = { command: ['sh', '-c', 'echo up; exec sleep 1000'], processes: 1 } as const;
    await Promise.all(first.map((id) => set({ id, kind, value: 0, instances: new Map() })));
    for (const id of first) await site.untilOutput(id, 'up\n');
    await removeAll();
    const before = descriptors();

    const workers = Array.from({ length: WORKERS }, (_, number): Wanted => {
      const kind = KINDS[number % KINDS.length] ?? KINDS[0];
      return { id: `w${number}`, kind, value: 0, instances: new Map([[0, true]]) };
    });
    await Promise.all(workers.map(set));
    const pending = new Set<Promise<unknown>>();
    const unexpected: unknown[] = [];
    for (let count = 0; count < OPERATIONS; count++) {
      const worker = workers[random(WORKERS)] as Wanted;
      const what = OPERATION_NAMES[random(OPERATION_NAMES.length)] ?? 'kill';
      const scope = site.scope.child({ what: `${what} of ${worker.id}`, timeoutMs: PATIENCE_MS });
      const work: Promise<unknown> = scope
        .race(operate(worker, what, scope))
        .catch((error: unknown) => {
          if (!isRoundhouseError(error) || !EXPECTED.includes(error.code)) unexpected.push(error);
        })
        .finally(() => {
          scope.end();
          pending.delete(work);
        });
      pending.add(work);
      if (pending.size >= IN_FLIGHT) await Promise.race(pending);
    }
    await Promise.all(pending);
    expect(unexpected).toEqual([]);

    for (const worker of workers) {
      await site
        .until(`${worker.id} as it was wanted`, () => differences(worker).length === 0)
        .catch(() => {
          expect(differences(worker)).toEqual([]);
        });
    }
    // Instances that were scaled away have their time to go.
    await site
      .until('as many processes as are wanted', () => miscounted(workers).length === 0, PATIENCE_MS)
      .catch(() => {
        expect(miscounted(workers)).toEqual([]);
      });

    await removeAll();
    // Neither programs nor shims.
    expect(site.processes().filter(({ worker, title }) => worker !== undefined || title.startsWith('rh:'))).toEqual([]);
    expect(site.logged.filter(({ message }) => message !== 'the worker could not be started')).toEqual([]);
    await site
      .until('as few descriptors as before', () => more(descriptors(), before).length === 0)
      .catch(() => {
        expect(more(descriptors(), before)).toEqual([]);
      });
    await site.until('no zombie', () => zombies().length === 0).catch(() => expect(zombies()).toEqual([]));
  }, 600_000);

  const set = ({ id, kind, value }: Wanted): Promise<void> =>
    site.set({
      id,
      command: [...kind.command],
      working_directory: '/',
      environment: { ...site.mark, VALUE: String(value) },
      restart: { backoff: { initial: '100ms', max: '100ms' } },
      stop: { grace: '5s' },
    });

  /** What is wanted changes at once, and what comes of it is waited for where that takes no process. */
  async function operate(worker: Wanted, what: (typeof OPERATION_NAMES)[number], scope: Scope): Promise<void> {
    const { id, instances } = worker;
    const { supervisor } = site;
    const target = { worker: id };
    const wantAll = (isRunning: boolean): void => {
      for (const { id: instance } of supervisor.find(id)?.instances ?? []) instances.set(instance.number, isRunning);
    };
    switch (what) {
      case 'start':
        wantAll(true);
        return supervisor.start(target, {}, scope);
      case 'stop':
        wantAll(false);
        return supervisor.stop(target, scope);
      case 'restart':
        wantAll(true);
        return supervisor.restart(target, scope);
      case 'signal':
        return supervisor.signal(target, (['HUP', 'USR1', 'TERM', 'KILL'] as const)[random(4)] ?? 'HUP');
      case 'set':
        worker.value++;
        return inTurn(worker, () => set(worker));
      case 'scale':
        return inTurn(worker, async () => {
          const replicas = random(3);
          await supervisor.scale(id, replicas);
          for (const number of [0, 1]) {
            if (number >= replicas) instances.delete(number);
            else if (!instances.has(number)) instances.set(number, true);
          }
        });
      default: {
        const pids = (supervisor.find(id)?.instances ?? []).flatMap((each) => each.process?.pid ?? []);
        const pid = pids[random(Math.max(pids.length, 1))];
        if (pid !== undefined && isOf(pid, id)) process.kill(pid, 'SIGKILL');
      }
    }
  }

  /** Changes of one worker come one after the other, as they come from its configuration. */
  const turns = new Map<string, Promise<unknown>>();
  function inTurn(worker: Wanted, work: () => Promise<void>): Promise<void> {
    const done = (turns.get(worker.id) ?? Promise.resolve()).then(work);
    turns.set(
      worker.id,
      done.catch(() => {}),
    );
    return done;
  }

  /** A number may have been given away since. */
  function isOf(pid: number, worker: string): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`ROUNDHOUSE_WORKER=${worker}\0`);
    } catch {
      return false;
    }
  }

  function differences({ id, value, instances }: Wanted): readonly string[] {
    const present = new Map((site.supervisor.find(id)?.instances ?? []).map((each) => [each.id.number, each]));
    return [...new Set([...present.keys(), ...instances.keys()])].flatMap((number) => {
      const instance = present.get(number);
      const isWanted = instances.get(number);
      const name = `${id}/${number}`;
      if (instance === undefined || isWanted === undefined) return [`${name} is ${instance?.state ?? 'missing'}`];
      const { state, reason, process: program } = instance;
      if (!isWanted)
        return state === 'stopped' && program === undefined ? [] : [`${name} is ${state} ${reason}, not stopped`];
      if (state !== 'ready' || program === undefined) return [`${name} is ${state} ${reason}, not ready`];
      const environment = readFileSync(`/proc/${program.pid}/environ`, 'latin1').split('\0');
      const isOurs = environment.includes(`ROUNDHOUSE_WORKER=${id}`) && environment.includes(`VALUE=${value}`);
      return isOurs ? [] : [`${name} has not the value ${value}`];
    });
  }

  /** Workers that have not the processes that their kind has. */
  function miscounted(workers: readonly Wanted[]): readonly string[] {
    const byWorker = Map.groupBy(site.processes(), (each) => each.worker ?? '');
    return workers.flatMap(({ id, kind, instances }) => {
      const expected = [...instances.values()].filter(Boolean).length * kind.processes;
      const present = byWorker.get(id) ?? [];
      const told = present.map(({ pid, command }) => `${pid} ${command}`).join(', ');
      return present.length === expected ? [] : [`${id} has ${present.length} of ${expected}: ${told}`];
    });
  }

  async function removeAll(): Promise<void> {
    await Promise.all(site.supervisor.list().map(({ spec }) => site.supervisor.remove(spec.id)));
    await site.until(
      'an empty run directory',
      () => instancesLeft().length === 0 && site.processes().every(({ worker }) => worker === undefined),
    );
    await site.until('no shim', () => site.processes().every(({ title }) => !title.startsWith('rh:')));
  }

  /** Of workers and of what was set for them. */
  const instancesLeft = (): readonly string[] =>
    ['workers', 'settings'].flatMap((name) => {
      const directory = join(site.run, name);
      return existsSync(directory) ? readdirSync(directory) : [];
    });

  /** Of master, spawner, and the log daemon with its keeper. */
  function descriptors(): Readonly<Record<string, readonly number[]>> {
    const countOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
    const having = (text: string): readonly number[] =>
      site
        .processes()
        .flatMap(({ pid, command, title }) => (`${title} ${command}`.includes(text) ? [countOf(pid)] : []));
    // Of the directory that is being read.
    return { master: [countOf(process.pid) - 1], spawner: having('rh-spawner'), logDaemon: having('daemon/main') };
  }

  type Descriptors = ReturnType<typeof descriptors>;
  /** What has more than it had; some of what it had may have been about to be closed. */
  const more = (present: Descriptors, before: Descriptors): readonly string[] =>
    Object.entries(present).flatMap(([name, counts]) => {
      const had = before[name] ?? [];
      const has = counts.some((count, at) => count > (had[at] ?? 0));
      return has ? [`${name} has ${counts.join(', ')} and had ${had.join(', ')}`] : [];
    });

  function zombies(): readonly string[] {
    const parents = new Set([process.pid, ...site.processes().map(({ pid }) => pid)]);
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' && parents.has(Number(parent)) ? [stat] : [];
      } catch {
        return [];
      }
    });
  }
});
