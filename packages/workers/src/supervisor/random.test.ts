import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deaf, obedient, Plant } from './plant.fixture.ts';

const WORKERS = 50;
const OPERATIONS = 10_000;
const CHECKED_EVERY = 200;

/** Reproducible, 0 … 1: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('whatever happens in whatever order', () => {
  it('leaves every worker as it was last wanted, once, and nothing behind', async () => {
    const seed = Number(process.env['ROUNDHOUSE_SEED'] ?? fc.sample(fc.integer(), 1)[0]);
    const random = randomFrom(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const wanted = new Map<string, boolean>();
    const versions = new Map<string, number>();
    const inputOf = (id: string) => ({
      id,
      environment: { VERSION: String(versions.get(id) ?? 0) },
      stop: { grace: '3s' },
      restart: { backoff: { initial: '1s', max: '5s' } },
    });
    const ids = Array.from({ length: WORKERS }, (_, n) => `w${n}`);
    let plant = new Plant();
    await plant.begin(...ids.map(inputOf));
    for (const id of ids) wanted.set(id, true);

    /** Left alone for a while, everything is as it was last wanted. */
    const checkAll = async (): Promise<void> => {
      const { machine } = plant;
      await machine.clock.advance(60_000);
      await plant.settle();
      const states = Object.fromEntries(ids.map((id) => [id, plant.state(id)]));
      const expected = ids.map((id) => [id, wanted.get(id) === true ? 'ready started' : 'stopped by_request']);
      expect(states, `seed ${seed}`).toEqual(Object.fromEntries(expected));
      expect(machine.running.toSorted(), `seed ${seed}`).toEqual(
        ids
          .filter((id) => wanted.get(id) === true)
          .map((id) => `${id}/0`)
          .toSorted(),
      );
      // What runs is of the latest specification.
      for (const id of ids) {
        const program = machine.at(`${id}/0`);
        const version = program.run && program.lastLaunch?.environment['VERSION'];
        expect(version ?? String(versions.get(id) ?? 0), `seed ${seed}: ${id}`).toBe(String(versions.get(id) ?? 0));
      }
    };

    for (let at = 0; at < OPERATIONS; at++) {
      if (at % CHECKED_EVERY === 0) await checkAll();
      const id = ids[below(WORKERS)] as string;
      const { supervisor, machine, scope } = plant;
      const program = machine.at(`${id}/0`);
      const ignore = (): void => {};
      switch (below(12)) {
        case 0:
        case 1:
          wanted.set(id, true);
          supervisor.start({ worker: id }, { force: random() < 0.3 }, scope).catch(ignore);
          break;
        case 2:
        case 3:
          wanted.set(id, false);
          supervisor.stop({ worker: id }, scope).catch(ignore);
          break;
        case 4:
          wanted.set(id, true);
          supervisor.restart({ worker: id }, scope).catch(ignore);
          break;
        case 5:
        case 6:
          if (program.run !== undefined) machine.end(`${id}/0`, { code: below(3) });
          break;
        case 7:
          program.behaviour = random() < 0.3 ? deaf : obedient;
          break;
        case 8:
          versions.set(id, below(3));
          await plant.set(inputOf(id));
          break;
        case 9:
          await machine.clock.advance(below(400));
          break;
        case 10:
          await machine.clock.advance(0);
          break;
        default:
          if (random() < 0.05) {
            plant = plant.succeed();
            await plant.begin(...ids.map(inputOf));
          }
      }
    }
    await checkAll();
    const { machine, supervisor, scope } = plant;
    const stopped = supervisor.stopAll(ids, scope);
    await machine.clock.advance(10_000);
    await stopped;
    await supervisor.close('leave', scope);
    expect([machine.running, machine.clock.pendingTimers], `seed ${seed}`).toEqual([[], 0]);
  }, 60_000);
});
