import { describe, expect, it } from 'vitest';
import { signalResponse } from './signalResponse.ts';

/** Masks as proc_pid_status(5) shows them: bit 0 is signal 1, SIGHUP. */
function statusOf(masks: Readonly<Record<'Blk' | 'Ign' | 'Cgt', string>>): string {
  const lines = Object.entries(masks).map(([name, mask]) => `Sig${name}:\t${mask.padStart(16, '0')}`);
  return ['Name:\tsh', 'SigQ:\t0/95', 'SigPnd:\t0000000000000001', ...lines, ''].join('\n');
}

describe('what a process does about a signal', () => {
  it.each([
    ['HUP', { Blk: '0', Ign: '0', Cgt: '0' }, 'default'],
    ['HUP', { Blk: '0', Ign: '0', Cgt: '1' }, 'handled'],
    ['HUP', { Blk: '0', Ign: '1', Cgt: '0' }, 'ignored'],
    // One that takes it up by signalfd(2) or sigwait(3).
    ['HUP', { Blk: '1', Ign: '0', Cgt: '0' }, 'handled'],
    ['USR1', { Blk: '0', Ign: '0', Cgt: '1' }, 'default'],
    ['USR1', { Blk: '0', Ign: '0', Cgt: '200' }, 'handled'],
    ['WINCH', { Blk: '0', Ign: '0', Cgt: '8000000' }, 'handled'],
    // bash -i: signals beyond 32 are there too.
    ['TERM', { Blk: '0', Ign: 'ffffffff00384004', Cgt: '4b813efb' }, 'ignored'],
  ] as const)('SIG%s with %j is told', (signal, masks, expected) => {
    expect(signalResponse(statusOf(masks), signal)).toBe(expected);
  });

  it('cannot be told of one that is gone', () => {
    expect(signalResponse('', 'HUP')).toBeUndefined();
  });
});
