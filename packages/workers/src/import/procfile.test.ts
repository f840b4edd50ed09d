import { workerInputSchema } from '@roundhouse/api';
import { expect, it } from 'vitest';
import { importProcfile } from './procfile.ts';

const PROCFILE = `# as Heroku has it
web: bundle exec puma -t 5:5 -p \${PORT:-3000} -e \${RACK_ENV:-development}
worker:  bundle exec sidekiq -q default | tee log

release: bin/rails db:migrate
`;

it('becomes workers that a shell runs', () => {
  const { workers, notes } = importProcfile(PROCFILE);
  expect(workers).toEqual([
    { id: 'web', command: ['/bin/sh', '-c', 'bundle exec puma -t 5:5 -p ${PORT:-3000} -e ${RACK_ENV:-development}'] },
    { id: 'worker', command: ['/bin/sh', '-c', 'bundle exec sidekiq -q default | tee log'] },
    { id: 'release', command: ['/bin/sh', '-c', 'bin/rails db:migrate'] },
  ]);
  for (const worker of workers) expect(workerInputSchema.safeParse(worker).success).toBe(true);
  expect(notes.map((note) => note.split(' ').slice(0, 2).join(' '))).toEqual([
    'web: `PORT`',
    'release: `release`',
    '`.env` is',
  ]);
});

it.each([
  ['web: a\nnonsense', '"nonsense" is no name with a command', 2],
  ['web: a\r\n\r\nweb: b', 'web is there twice', 3],
  ['web:', '"web:" is no name with a command', 1],
])('%j is refused with its line', (text, reason, line) => {
  expect(() => importProcfile(text)).toThrow(
    expect.objectContaining({ code: 'IMPORT_INVALID', details: { format: 'Procfile', reason, line } }),
  );
});
