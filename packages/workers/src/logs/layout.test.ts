import { describe, expect, it } from 'vitest';
import { parseSealedName, sealedFiles, sealedName } from './layout.ts';

describe('names of log files', () => {
  it('hold where in the stream a segment is', () => {
    const file = { stream: 'stderr', from: 1_024, to: 2_048, kind: 'compressed' } as const;
    expect(sealedName(file)).toBe('stderr.0000000000001024-0000000000002048.log.gz');
    expect(parseSealedName(sealedName(file))).toEqual(file);
  });

  it.each([
    'stdout.log',
    'stdout.index',
    'stdout.log.1',
    'stdlog.0000000000000000-0000000000000001.log',
    'stdout.0000000000000002-0000000000000001.log',
    'stdout.0000000000000000-9999999999999999.log',
    'stdout.0000000000000000-0000000000000001.log.gz.tmp',
    'stdout.0-1.log',
  ])('%s is of no segment that is done', (name) => {
    expect(parseSealedName(name)).toBeUndefined();
  });

  it('are taken by stream and kind, oldest first', () => {
    const names = [
      'stdout.0000000000000020-0000000000000030.log',
      'stderr.0000000000000000-0000000000000010.log',
      'stdout.0000000000000003-0000000000000020.log',
      'stdout.0000000000000003-0000000000000020.index',
      'stdout.0000000000000000-0000000000000003.log.gz',
    ];
    expect(sealedFiles(names, 'stdout', 'plain').map(({ from }) => from)).toEqual([3, 20]);
  });
});
