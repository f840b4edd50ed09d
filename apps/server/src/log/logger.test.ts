import { coreError, type Logger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { parseLogFilter } from './filter.ts';
import { LogLevels } from './levels.ts';
import { createLogger, noLines } from './logger.ts';

function setUp(filter = 'debug', redactPaths: readonly string[] = []) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const counts = noLines();
  const levels = new LogLevels(parseLogFilter(filter, []), [], clock);
  const destination = { write: (line: string) => lines.push(line) };
  const logger: Logger = createLogger({ levels, clock, counts, destination, redactPaths });
  return { counts, logger, lines, first: () => JSON.parse(lines[0] as string) as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON line a message, with the facts and those of its parents', () => {
    const { logger, lines, first } = setUp();
    logger.child({ session_id: 's' }).child({ trace_id: 't' }).warn('session closed', { code: 'HOST_CLOSED' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(first()).toEqual({
      level: 40,
      time: '2026-01-01T00:00:00.000Z',
      session_id: 's',
      trace_id: 't',
      code: 'HOST_CLOSED',
      msg: 'session closed',
    });
  });

  it('drops what is below its level, and counts what is not', () => {
    const { counts, logger, lines } = setUp('warn');
    logger.debug('unseen');
    logger.info('unseen');
    logger.warn('seen');
    logger.error('seen');
    expect(lines).toHaveLength(2);
    expect(counts).toEqual({ debug: 0, info: 0, warn: 1, error: 1 });
  });

  it('writes nothing when it is silent', () => {
    const { logger, lines } = setUp('silent');
    logger.error('unseen');
    expect(lines).toEqual([]);
  });

  it.each(['token', 'authorization', 'password', 'screen_data'])('never writes the value of %s', (name) => {
    const { logger, lines } = setUp();
    logger.child({ [name]: 's3cret' }).error('failed', { [name]: 's3cret' });
    expect(lines.join('')).not.toContain('s3cret');
  });

  it('masks the paths that it is told', () => {
    const { logger, first } = setUp('info', ['user.name']);
    logger.info('signed in', { user: { name: 'Joe', role: 'operator' } });
    expect(first()['user']).toEqual({ name: '[secret]', role: 'operator' });
  });

  it('writes an error with its code, its causes and its stack', () => {
    const { logger, first } = setUp();
    const cause = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' });
    logger.error('failed', { error: coreError('INTERNAL', { details: { reason: 'x' }, cause }) });
    expect(first()['error']).toMatchObject({
      code: 'INTERNAL',
      details: { reason: 'x' },
      stack: expect.stringContaining('logger.test.ts') as string,
      cause: { name: 'Error', code: 'EHOSTUNREACH', message: 'no route' },
    });
  });

  it('leaves the stack out of what the caller did wrong', () => {
    const { logger, first } = setUp();
    logger.info('refused', { error: coreError('ILLEGAL_TRANSITION') });
    expect(first()['error']).not.toHaveProperty('stack');
  });

  it('bears a cause that is its own cause', () => {
    const { logger, lines } = setUp();
    const error = new Error('round');
    error.cause = error;
    logger.error('failed', { error, all: new AggregateError([error], 'all') });
    expect(lines).toHaveLength(1);
  });
});
