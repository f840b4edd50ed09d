import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { historyAsCsv, historyAsJson, valuesAsCsv, valuesAsJson } from './export.ts';
import { History } from './history.ts';
import { createMetrics } from './metrics.ts';

const STEP = 30_000;

function setUp() {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const figures = { level: 0, total: 0 };
  const history = new History(
    [
      { name: 'sessions', unit: 'sessions', kind: 'level', read: () => figures.level },
      { name: 'requests', unit: 'requests/s', kind: 'rate', read: () => figures.total },
    ],
    clock,
  );
  history.start(scope);
  return { clock, figures, history, scope, began: clock.now() };
}

describe('History', () => {
  it('keeps levels as they are, and rates as growth per second', async () => {
    const { clock, figures, history, scope, began } = setUp();
    await clock.advance(1);
    figures.level = 5;
    figures.total = 60;
    await clock.advance(STEP);
    figures.total = 90;
    await clock.advance(STEP);
    expect(history.query()).toEqual({
      stepMs: STEP,
      times: [began, began + STEP, began + 2 * STEP],
      series: [
        { name: 'sessions', unit: 'sessions', values: [0, 5, 5] },
        { name: 'requests', unit: 'requests/s', values: [null, 2, 1] },
      ],
    });
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('forgets what is older than a day', async () => {
    const { clock, figures, history, began } = setUp();
    for (let i = 0; i < 3_000; i++) {
      figures.level = i;
      await clock.advance(STEP);
    }
    const { times, series } = history.query();
    expect(times).toHaveLength(2_880);
    expect(times[0]).toBe(began + 121 * STEP);
    expect(series[0]?.values[0]).toBe(120);
  });

  it('gives a part of itself, in wider steps', async () => {
    const { clock, figures, history, began } = setUp();
    for (let i = 1; i <= 10; i++) {
      await clock.advance(STEP - 1);
      figures.level = i;
      await clock.advance(1);
    }
    const page = history.query({ since: began + 2 * STEP, until: began + 7 * STEP, stepMs: 50_000 });
    expect(page.stepMs).toBe(60_000);
    expect(page.times).toEqual([3, 5, 6].map((sample) => began + sample * STEP));
    expect(page.series[0]?.values).toEqual([2.5, 4.5, 6]);
  });

  it('leaves empty what it missed, and where a figure could not be read', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const read = (): number => {
      if (clock.monotonic() === STEP) throw new Error('broken');
      return 1;
    };
    const history = new History([{ name: 'x', unit: 'x', kind: 'level', read }], clock);
    history.start(scope);
    await clock.advance(2 * STEP);
    expect(history.query().series[0]?.values).toEqual([1, null, 1]);
    expect(historyAsCsv(history.query()).split('\r\n')[2]).toBe('2026-01-01T00:00:30.000Z,');
    scope.end();
  });

  it('leaves empty the time in which the process was held, a day later as well', () => {
    let elapsedMs = 0;
    let due = (): void => {};
    const setTimer = (_delayMs: number, callback: () => void) => {
      due = callback;
      return { cancel() {} };
    };
    const clock = { now: () => elapsedMs, monotonic: () => elapsedMs, setTimer };
    const history = new History([{ name: 'x', unit: 'x', kind: 'level', read: () => 1 }], clock);
    using scope = createScope({ clock });
    history.start(scope);
    for (let i = 0; i < 3_000; i++) {
      due();
      elapsedMs += STEP;
    }
    elapsedMs += 2 * STEP;
    due();
    expect(history.query().series[0]?.values.slice(-5)).toEqual([1, 1, null, null, 1]);
  });

  it.each([{ stepMs: 0 }, { stepMs: Number.NaN }, { since: 5, until: 5 }, { since: Number.NaN }])(
    'refuses %j',
    (query) => {
      expect(() => setUp().history.query(query)).toThrow(
        expect.objectContaining({ code: 'METRIC_HISTORY_QUERY_INVALID' }),
      );
    },
  );
});

describe('exports', () => {
  it('tell the history as JSON and CSV', async () => {
    const { clock, history } = setUp();
    await clock.advance(STEP);
    expect(historyAsCsv(history.query())).toBe(
      'time,sessions (sessions),requests (requests/s)\r\n' +
        '2026-01-01T00:00:00.000Z,0,\r\n2026-01-01T00:00:30.000Z,0,0\r\n',
    );
    expect(JSON.parse(historyAsJson(history.query()))).toMatchObject({
      step_ms: STEP,
      times: ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:30.000Z'],
    });
  });

  it('tell the present values as JSON and CSV', async () => {
    const metrics = createMetrics({ clock: new FakeClock(), version: '1' });
    metrics.inputs.add(2, { outcome: 'a "b", c' });
    metrics.request('GET', '/x', 200, 3);
    const values = await metrics.values();
    const rows = valuesAsCsv(values).split('\r\n');
    expect(rows[0]).toBe('metric,type,series,labels,value');
    expect(rows).toContain(
      'roundhouse_session_inputs_total,counter,roundhouse_session_inputs_total,"outcome=""a \\""b\\"", c""",2',
    );
    expect(rows.filter((row) => row.startsWith('roundhouse_http_request_duration_seconds,'))).toHaveLength(18);
    const document = JSON.parse(valuesAsJson(values, 0)) as { taken_at: string; metrics: Array<{ name: string }> };
    expect(document.taken_at).toBe('1970-01-01T00:00:00.000Z');
    expect(document.metrics.map(({ name }) => name)).toEqual(metrics.names());
  });
});
