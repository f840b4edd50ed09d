import { Command, CommanderError } from 'commander';
import { connectCommand } from './commands/connect.ts';
import { demoCommand } from './commands/demo.ts';
import { endpointCommand } from './commands/endpoint/endpoint.ts';
import { groupCommand } from './commands/group/group.ts';
import { operationCommand } from './commands/operation/operation.ts';
import { sessionCommand } from './commands/session/session.ts';
import { upCommand } from './commands/up.ts';
import { watchCommand } from './commands/watch.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit.ts';
import { stayAlive } from './foreground.ts';
import type { Io } from './io.ts';
import { writeError } from './render.ts';

/** Runs one command line (without the program's name) and gives its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  using _ = stayAlive();
  try {
    await program(argv, io).parseAsync(argv, { from: 'user' });
    return EXIT.Ok;
  } catch (error) {
    // Commander has told the user already; --help and --version are not failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.Ok : EXIT.Usage;
    writeError(error, io.stderr, argv.includes('--json'));
    return exitCodeOf(error);
  }
}

/** All commands. `argv` is the whole command line, which some of them read again. */
export function program(argv: readonly string[], io: Io): Command {
  const root = new Command('roundhouse')
    .description("Keeps an organisation's big iron and bare metal reachable and running.")
    .version(io.version)
    .addCommand(demoCommand(io))
    .addCommand(upCommand(io))
    .addCommand(sessionCommand(argv, io))
    .addCommand(endpointCommand(io))
    .addCommand(groupCommand(io))
    .addCommand(operationCommand(io))
    .addCommand(watchCommand(io))
    .addCommand(connectCommand(io));
  for (const command of withDescendants(root)) {
    command.exitOverride().showHelpAfterError('(--help shows how it is written)');
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  }
  return root;
}

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}
