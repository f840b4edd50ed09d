import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { parseLogFilter } from './filter.ts';
import { LogLevels } from './levels.ts';
import { createLogger } from './logger.ts';

const MODULES = ['sessions', 'store'];

function setUp(filter = 'warn') {
  const clock = new FakeClock();
  const levels = new LogLevels(parseLogFilter(filter, MODULES), MODULES, clock);
  const lines: string[] = [];
  const logger = createLogger({ levels, clock, destination: { write: (line) => lines.push(line) } });
  return { clock, levels, lines, logger };
}

describe('levels at run time', () => {
  it('reach loggers that were made before, and the children of these', () => {
    const { levels, lines, logger } = setUp();
    const sessions = logger.child({ module: 'sessions' });
    const one = sessions.child({ session_id: 's1' });
    one.debug('unseen');
    levels.set('sessions', 'debug');
    one.debug('seen');
    logger.child({ module: 'store' }).info('another module');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ module: 'sessions', session_id: 's1', msg: 'seen' }),
    ]);
  });

  it('follow * where a module has none of its own', () => {
    const { levels, lines, logger } = setUp('warn,store:error');
    levels.set('*', 'debug');
    logger.child({ module: 'sessions' }).debug('follows');
    logger.child({ module: 'store' }).debug('has its own');
    expect(lines).toHaveLength(1);
  });

  it('take another filter in the place of the first; what was set for a time stays for it', async () => {
    const { clock, levels } = setUp('info,store:error');
    levels.set('sessions', 'debug', { ttlMs: 60_000 });
    levels.configure(parseLogFilter('warn', MODULES));
    const now = (): string[] => levels.list().map(({ module, level }) => `${module} ${level}`);
    expect(now()).toEqual(['* warn', 'sessions debug', 'store warn']);
    await clock.advance(60_000);
    levels.set('store', 'silent');
    levels.reset('store');
    expect(now()).toEqual(['* warn', 'sessions warn', 'store warn']);
  });

  it('end after their life time, and what stood before comes back', async () => {
    const { clock, levels, lines, logger } = setUp('info,store:error');
    const store = logger.child({ module: 'store' });
    levels.set('store', 'debug', { ttlMs: 60_000 });
    expect(levels.list()).toContainEqual({
      module: 'store',
      level: 'debug',
      isOwn: true,
      expiresAt: clock.now() + 60_000,
    });
    await clock.advance(59_999);
    store.debug('in time');
    await clock.advance(1);
    store.warn('too late');
    expect(lines).toHaveLength(1);
    expect(levels.list()).toContainEqual({ module: 'store', level: 'error', isOwn: true, expiresAt: null });
    expect(clock.pendingTimers).toBe(0);
  });

  it('stay when they were set for good after one for a time', async () => {
    const { clock, levels } = setUp();
    levels.set('store', 'debug', { ttlMs: 5_000 });
    levels.set('store', 'error');
    await clock.advance(10_000);
    expect(levels.list()).toContainEqual({ module: 'store', level: 'error', isOwn: true, expiresAt: null });
    levels.set('store', 'debug', { ttlMs: 5_000 });
    levels.set('store', 'info', { ttlMs: 60_000 });
    await clock.advance(10_000);
    expect(levels.list()).toContainEqual(expect.objectContaining({ module: 'store', level: 'info' }));
    levels.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('go back to those of the start on request', () => {
    const { clock, levels } = setUp('info,store:error');
    levels.set('store', 'debug', { ttlMs: 60_000 });
    levels.set('sessions', 'debug');
    levels.reset('store');
    levels.reset('sessions');
    expect(levels.list().map(({ module, level }) => `${module}:${level}`)).toEqual([
      '*:info',
      'sessions:info',
      'store:error',
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keep no timer when they are closed', () => {
    const { clock, levels } = setUp();
    levels.set('*', 'debug', { ttlMs: 5_000 });
    levels.set('store', 'debug', { ttlMs: 5_000 });
    levels.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('name the nearest module for one that is not there', () => {
    const { levels } = setUp();
    expect(() => levels.set('sesions', 'debug')).toThrow(
      expect.objectContaining({ code: 'LOG_MODULE_UNKNOWN', hint: 'Did you mean sessions?' }),
    );
  });

  it.each([999, 86_400_001, Number.NaN])('refuse a life time of %s ms', (ttlMs) => {
    expect(() => setUp().levels.set('*', 'debug', { ttlMs })).toThrow(
      expect.objectContaining({ code: 'LOG_LIFETIME_INVALID' }),
    );
  });
});
