import { describe, expect, it } from 'vitest';
import { createLogger } from './log.ts';

function capture(): { readonly lines: string[]; write(line: string): void } {
  const lines: string[] = [];
  return { lines, write: (line) => lines.push(line) };
}

describe('createLogger', () => {
  it('writes one JSON line a message, with the facts and those of its parents', () => {
    const out = capture();
    createLogger('info', out).child({ session_id: 's' }).warn('session closed', { code: 'HOST_CLOSED' });
    expect(JSON.parse(out.lines[0] as string)).toMatchObject({
      level: 40,
      msg: 'session closed',
      session_id: 's',
      code: 'HOST_CLOSED',
    });
  });

  it('drops what is below its level', () => {
    const out = capture();
    createLogger('warn', out).info('unseen');
    expect(out.lines).toEqual([]);
  });

  it.each(['token', 'authorization', 'password', 'screen_data'])('never writes the value of %s', (name) => {
    const out = capture();
    createLogger('debug', out).error('failed', { [name]: 's3cret' });
    expect(out.lines.join('')).not.toContain('s3cret');
  });
});
