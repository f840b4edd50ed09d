import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerManager } from './workerManager.ts';

const configuration = (directory: string): string => join(directory, 'supervisord.conf');
const outputOf = (directory: string, worker: string): string => join(directory, `${worker}.log`);

/** supervisord of Debian. Its limit of descriptors is raised for 500 workers; for the rest its defaults. */
export const SUPERVISORD: WorkerManager = {
  name: 'supervisord',
  async configure(directory, workers) {
    const sections = workers.map(
      ({ id, command }) => `[program:${id}]
command=${command.join(' ')}
autorestart=true
stdout_logfile=${outputOf(directory, id)}
stdout_logfile_maxbytes=0
`,
    );
    const own = `[supervisord]
logfile=${join(directory, 'supervisord.log')}
pidfile=${join(directory, 'supervisord.pid')}
childlogdir=${directory}
minfds=8192
`;
    await writeFile(configuration(directory), [own, ...sections].join('\n'));
  },
  start: (directory) => ({ command: 'supervisord', args: ['--nodaemon', '--configuration', configuration(directory)] }),
  stop: undefined,
  pidFile: undefined,
  outputOf,
};
