import type { WorkerExec } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { printable, writeJson } from '../../render.ts';
import { explained } from '../../worker/evidence.ts';
import { withInstanceOption } from '../../worker/options.ts';

interface ExecOptions extends ApiOptions {
  readonly instance?: number;
  readonly timeout?: number;
}

export function execCommand(io: VerdictIo): Command {
  const command = new Command('exec')
    .description('run a command as a worker is run: its user, place and environment')
    .argument('<id>', 'id of the worker')
    .argument('<command...>', 'program and arguments, behind --')
    .option('--timeout <time>', 'when it is killed, like 5s (default: 30s)', parseDuration);
  return withApiOptions(withInstanceOption(command, 'as which of its instances (default: the first)'))
    .addHelpText('after', '\nExit code 8: the command has failed; its own code is told.\n')
    .action(async (id: string, words: readonly string[], { instance, timeout, ...options }: ExecOptions) => {
      const request: WorkerExec = {
        command: [...words],
        ...(instance === undefined ? {} : { instance }),
        ...(timeout === undefined ? {} : { timeout: `${timeout}ms` }),
      };
      using client = await connect(options, io);
      // How the worker itself does says nothing about a command that is run beside it.
      const execution = await explained(
        client,
        id,
        io,
        () => client.workers.exec(id, request),
        () => false,
      );
      const { code, output } = execution;
      if (options.json === true) writeJson(io.stdout, execution);
      else {
        io.stdout.write(io.stdout.isTTY === true ? printable(output, true) : output);
        if (code !== 0)
          io.stderr.write(`roundhouse: it ended ${code === null ? 'by a signal' : `with code ${code}`}\n`);
      }
      if (code !== 0) io.conclude(EXIT.Findings);
    });
}
