import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeTty } from '../terminal/tty.fixture.ts';
import type { WorkerRow } from '../worker/rows.ts';
import type { Order } from './order.ts';
import { Top } from './top.ts';

function rowOf(over: Partial<WorkerRow> = {}): WorkerRow {
  return {
    name: 'web',
    state: 'ready',
    reason: 'started',
    pid: 4711,
    cpu_percent: 12.34,
    rss_bytes: 52_428_800,
    restarts: 3,
    uptime_ms: 725_000,
    limits: 'ok',
    ...over,
  };
}

/** `w0` takes most, `w499` least. */
const MANY = Array.from({ length: 500 }, (_, number) =>
  rowOf({ name: `w${number}`, cpu_percent: 500 - number, restarts: number }),
);

async function stage(rows: readonly WorkerRow[], window = { rows: 24, columns: 80 }, order: Order = 'cpu') {
  const clock = new FakeClock();
  const tty = new FakeTty(window);
  const top = new Top(tty, clock, order);
  const ended = top.run();
  onTestFinished(() => top.close());
  top.update(rows, 0);
  await clock.advance(0);
  const press = async (keys: string): Promise<void> => {
    top.input(Buffer.from(keys));
    await clock.advance(0);
  };
  return { clock, tty, top, ended, press, text: () => tty.vt.text.map((line) => line.trimEnd()) };
}

const [UP, DOWN, PAGE_DOWN, END, RIGHT] = ['\u001b[A', '\u001b[B', '\u001b[6~', '\u001b[F', '\u001b[C'] as const;

describe('top', () => {
  it('shows a line for each worker in 80 columns, worst figures first', async () => {
    const idle = rowOf({ name: 'idle', cpu_percent: null, rss_bytes: null, pid: null, limits: null, state: 'stopped' });
    const hungry = rowOf({ name: 'a-name-that-is-longer-than-its-column', cpu_percent: 250, limits: 'exceeded' });
    const { text } = await stage([idle, rowOf(), hungry]);
    expect(text()[0]).toMatch(/^2 ready, 1 stopped {2,}cpu 262%  mem 100M  \d\d:\d\d:\d\d$/);
    expect(text().slice(2, 7)).toEqual([
      'NAME                      STATE     PID  CPU%    MEM  RESTARTS      UP  LIMITS',
      'a-name-that-is-longer-t…  ready    4711   250  50.0M         3  12m05s  exceeded',
      'web                       ready    4711  12.3  50.0M         3  12m05s  ok',
      'idle                      stopped     -     -      -         3  12m05s  -',
      '',
    ]);
    expect(text().at(-1)).toMatch(/^q quit {2}s sort: cpu {2}r reverse .* 1-3 of 3$/);
  });

  it('gives reasons where there is room for them', async () => {
    const { text } = await stage([rowOf()], { rows: 24, columns: 100 });
    expect(text()[3]).toMatch(/^web {3}ready .* ok {6}started$/);
  });

  it('scrolls through 500 workers, and stops at both ends', async () => {
    const { text, press } = await stage(MANY);
    const names = (): [first: string | undefined, last: string | undefined, place: string | undefined] => [
      text()[3]?.split(' ')[0],
      text()[22]?.split(' ')[0],
      /\S+ of 500/.exec(text()[23] ?? '')?.[0],
    ];
    expect(names()).toEqual(['w0', 'w19', '1-20 of 500']);
    await press(UP);
    expect(names()[0]).toBe('w0');
    await press(DOWN + PAGE_DOWN);
    expect(names()).toEqual(['w21', 'w40', '22-41 of 500']);
    await press(END + DOWN);
    expect(names()).toEqual(['w480', 'w499', '481-500 of 500']);
    await press('g');
    expect(names()[0]).toBe('w0');
  });

  it('sorts by the next column with s, the other way round with r, from the top on', async () => {
    const { text, press } = await stage(MANY);
    const first = (): string | undefined => text()[3]?.split(' ')[0];
    await press(PAGE_DOWN);
    await press(`s${RIGHT}`);
    expect([first(), text()[23]?.includes('sort: restarts')]).toEqual(['w499', true]);
    await press('r');
    expect(first()).toBe('w0');
    await press('S');
    expect([first(), text()[23]?.includes('sort: memory, reversed')]).toEqual(['w0', true]);
  });

  it('writes only what has changed', async () => {
    const { tty, top, clock, text } = await stage([rowOf()]);
    let bytes = '';
    const write = tty.vt.write.bind(tty.vt);
    tty.vt.write = (part: string) => {
      bytes += part;
      write(part);
    };
    top.update([rowOf()], 0);
    await clock.advance(0);
    expect(bytes).toBe('');
    top.update([rowOf({ cpu_percent: 12.44 })], 0);
    await clock.advance(0);
    expect(text()[3]).toContain('12.4');
    expect(bytes).not.toMatch(/\[2J|web/);
    expect(bytes.length).toBeLessThan(120);
  });

  it('keeps the table and says why it is old, until it is not', async () => {
    const { top, clock, text } = await stage([rowOf()]);
    top.failed('No server answers');
    await clock.advance(0);
    expect([text()[1], text()[3]?.slice(0, 3)]).toEqual(['No server answers', 'web']);
    top.update([rowOf()], 0);
    await clock.advance(0);
    expect(text()[1]).toBe('');
  });

  it.each([
    { rows: 50, columns: 200 },
    { rows: 24, columns: 80 },
    { rows: 10, columns: 40 },
    { rows: 4, columns: 12 },
    { rows: 1, columns: 1 },
  ])('fits a window of $rows×$columns', async (window) => {
    const { tty, clock, press, text } = await stage(MANY);
    tty.resize(window);
    await press(END);
    await clock.advance(0);
    expect(text()).toHaveLength(window.rows);
    if (window.rows >= 5) expect(text().at(-2)).toMatch(/^w499 /);
  });

  it.each(['q', '\u0003', '\u0004'])('gives the terminal back at %j', async (key) => {
    const { tty, ended, press, clock } = await stage([rowOf()]);
    expect(tty.isOpen).toBe(true);
    await press(key);
    await ended;
    expect([tty.isOpen, clock.pendingTimers]).toEqual([false, 0]);
  });

  it('gives it back when it is closed, and when it has gone', async () => {
    for (const end of ['close', 'ended'] as const) {
      const { tty, top, ended } = await stage([rowOf()]);
      top[end]();
      await ended;
      expect(tty.isOpen).toBe(false);
    }
  });
});
