import type { Finding, Path } from '@roundhouse/config';
import type { ReloadPlan } from '@roundhouse/api';
import { changeOf, checkGraph, resolveWorker, type WorkerSpec } from '@roundhouse/workers';
import { conflict } from './conflict.ts';
import type { ConfigurationValue } from './definition.ts';

/** Workers that cannot be together: they wait for each other, or want the same address. */
export function* workerConflicts({ workers = [] }: ConfigurationValue): Iterable<Finding> {
  const specs = workers.flatMap((worker, index) => {
    const spec = resolved(worker);
    return spec === undefined ? [] : [{ spec, index }];
  });
  const places = new Map(specs.map(({ spec, index }) => [spec.id, index]));
  for (const { worker, index, kind, reason } of checkGraph(specs.map(({ spec }) => spec))) {
    // What is not there is told with the references.
    if (kind === 'missing') continue;
    yield conflict(
      ['workers', places.get(worker) as number, 'depends_on', index],
      `this dependency ${reason}`,
      'leave one of these dependencies out',
    );
  }
  yield* sharedSockets(specs);
}

interface Placed {
  readonly spec: WorkerSpec;
  readonly index: number;
}

function* sharedSockets(specs: readonly Placed[]): Iterable<Finding> {
  const first = new Map<string, { readonly worker: string; readonly path: Path }>();
  for (const { spec, index } of specs) {
    for (const [at, socket] of (spec.program?.sockets ?? []).entries()) {
      const address = 'path' in socket ? socket.path : `${socket.host}:${socket.port}`;
      const path: Path = ['workers', index, 'sockets', at, 'listen'];
      const before = first.get(address);
      if (before === undefined) first.set(address, { worker: spec.id, path });
      else {
        yield {
          ...conflict(path, `${address} is listened to by the worker ${before.worker} too`, 'give one of them another'),
          related: [{ path: before.path, message: 'it is listened to here' }],
        };
      }
    }
  }
}

/** What a configuration does to each worker that is otherwise in it than in the one before. */
export function workerEffects(before: ConfigurationValue, next: ConfigurationValue): ReloadPlan['workers'] {
  const [old, present] = [byId(before), byId(next)];
  const ids = [...new Set([...old.keys(), ...present.keys()])].sort();
  return ids.flatMap((worker): ReloadPlan['workers'] => {
    const [from, to] = [old.get(worker), present.get(worker)];
    if (from === undefined) return [{ worker, effect: 'add' }];
    if (to === undefined) return [{ worker, effect: 'remove' }];
    const effect = changeOf(from, to);
    return effect === 'none' ? [] : [{ worker, effect }];
  });
}

function byId({ workers = [] }: ConfigurationValue): ReadonlyMap<string, WorkerSpec> {
  return new Map(workers.map((worker) => [worker.id, resolveWorker(worker)]));
}

/** Undefined for one that cannot be: that is told by a check of its own. */
function resolved(worker: NonNullable<ConfigurationValue['workers']>[number]): WorkerSpec | undefined {
  try {
    return resolveWorker(worker);
  } catch {
    return undefined;
  }
}
