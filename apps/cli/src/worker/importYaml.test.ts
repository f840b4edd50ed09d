import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { importYaml } from './importYaml.ts';

describe('imported workers as YAML', () => {
  it('are a section of a configuration file, each behind what is to be known of it', () => {
    const workers = [
      { id: 'web', command: ['/bin/sh', '-c', 'echo "$HOME"\nexec web'] },
      { id: 'db', replicas: 2 },
    ];
    const notes = ['web: `watch` has no counterpart here', 'look\u001b[2J at this', 'other: is not there'];
    const text = importYaml('pm2', [{ name: 'a.json', workers, notes }]);
    expect(text.split('\n').slice(0, 6)).toEqual([
      '# Taken over from pm2: a.json',
      '# look·[2J at this',
      '# other: is not there',
      'workers:',
      '  # `watch` has no counterpart here',
      '  - id: web',
    ]);
    expect(parse(text)).toEqual({ workers });
  });

  it('say what the configuration would take for a variable as it is meant', () => {
    const workers = [{ id: 'web', command: ['sh', '-c', 'echo ${A} $B'], environment: { C: '${D}' } }];
    expect(parse(importYaml('procfile', [{ name: '-', workers, notes: [] }]))).toEqual({
      workers: [{ id: 'web', command: ['sh', '-c', 'echo $${A} $B'], environment: { C: '$${D}' } }],
    });
  });

  it('may be none', () => {
    expect(importYaml('procfile', [{ name: '-', workers: [], notes: [] }])).toBe(
      '# Taken over from procfile: standard input\nworkers: []\n',
    );
  });
});
