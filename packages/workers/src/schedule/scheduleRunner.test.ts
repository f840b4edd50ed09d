import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { parseSchedule } from './schedule.ts';
import { ScheduleRunner } from './scheduleRunner.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 1, 0, 30);

/** A wall clock that may be put forward and back. */
class WallClock extends FakeClock {
  #setBy = 0;

  override now(): number {
    return super.now() + this.#setBy;
  }

  set(byMs: number): void {
    this.#setBy += byMs;
  }
}

function run(schedule: string, doneUntil?: number) {
  const clock = new WallClock(START);
  const told: string[] = [];
  const runner = new ScheduleRunner(parseSchedule(schedule), {
    clock,
    onDue: (at) => told.push(new Date(at).toISOString().slice(5, 16)),
    doneUntil,
  });
  runner.start();
  return { clock, told, runner };
}

describe('a runner', () => {
  it('tells each time once, when it has come', async () => {
    const { clock, told, runner } = run('0 * * * *');
    expect(runner.nextAt).toBe(Date.UTC(2026, 0, 1, 1, 0));
    await clock.advance(30 * MINUTE - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['01-01T01:00']);
    await clock.advance(2 * HOUR);
    expect(told).toEqual(['01-01T01:00', '01-01T02:00', '01-01T03:00']);
    runner.close();
  });

  it('waits for months', async () => {
    const { clock, told, runner } = run('0 0 1 3 *');
    await clock.advance(59 * 24 * HOUR - 31 * MINUTE);
    expect(told).toEqual([]);
    await clock.advance(MINUTE);
    expect(told).toEqual(['03-01T00:00']);
    runner.close();
  });

  it('tells once of all that was missed when the clock is put forward', async () => {
    const { clock, told, runner } = run('0 * * * *');
    clock.set(5 * HOUR + MINUTE);
    await clock.advance(MINUTE);
    expect(told).toEqual(['01-01T01:00']);
    await clock.advance(29 * MINUTE);
    expect(told).toEqual(['01-01T01:00', '01-01T06:00']);
    runner.close();
  });

  it('tells nothing twice when the clock is put back', async () => {
    const { clock, told, runner } = run('0 * * * *');
    await clock.advance(HOUR);
    expect(told).toEqual(['01-01T01:00']);
    clock.set(-2 * HOUR);
    await clock.advance(2 * HOUR);
    expect(told).toEqual(['01-01T01:00']);
    await clock.advance(HOUR);
    expect(told).toEqual(['01-01T01:00', '01-01T02:00']);
    runner.close();
  });

  it('goes by the new time when the clock was wrong by more than three hours', async () => {
    const { clock, told, runner } = run('0 * * * *');
    await clock.advance(HOUR);
    clock.set(-24 * HOUR);
    await clock.advance(HOUR);
    expect(told).toEqual(['01-01T01:00', '12-31T02:00']);
    runner.close();
  });

  it('tells once of what came while nothing ran', async () => {
    const { clock, told, runner } = run('0 * * * *', START - 10 * HOUR);
    await clock.advance(0);
    expect(told).toEqual(['12-31T15:00']);
    await clock.advance(29 * MINUTE);
    expect(told).toHaveLength(1);
    runner.close();
  });

  it('may be closed from within, for good', async () => {
    const clock = new FakeClock(START);
    const runner: ScheduleRunner = new ScheduleRunner(parseSchedule('* * * * *'), {
      clock,
      onDue: () => runner.close(),
    });
    runner.start();
    runner.start();
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(MINUTE);
    expect(clock.pendingTimers).toBe(0);
    expect(runner.nextAt).toBeNull();
  });
});
