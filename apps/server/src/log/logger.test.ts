import { coreError, type Logger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { parseLogFilter } from './filter.ts';
import { LogLevels } from './levels.ts';
import { createLogger, noLines } from './logger.ts';
import { maskedLines } from './maskedLines.ts';

function setUp(filter = 'debug', redactPaths: readonly string[] = [], masksNumbers = false) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const counts = noLines();
  const levels = new LogLevels(parseLogFilter(filter, []), [], clock);
  const plain = { write: (line: string) => lines.push(line) };
  const destination = masksNumbers ? maskedLines(plain) : plain;
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

  it.each([true, false])('hides numbers of cards wherever they stand in a line when it is to: %s', (masksNumbers) => {
    const { logger, lines, first } = setUp('debug', [], masksNumbers);
    const card = '4111111111111111';
    logger
      .child({ card })
      .error(`paid by\n${card}`, { deep: [{ card: Number(card) }], error: new Error(`no ${card}`) });
    expect(lines.join('').includes(card)).toBe(!masksNumbers);
    expect(first()['msg']).toBe(`paid by\n${masksNumbers ? '************1111' : card}`);
    expect(lines[0]).toMatch(/\n$/);
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
