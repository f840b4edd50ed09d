import { Command, CommanderError } from 'commander';
import { applyCommand } from './commands/apply.ts';
import { canICommand } from './commands/canI.ts';
import { configCommand } from './commands/config/config.ts';
import { connectCommand } from './commands/connect.ts';
import { deleteCommand } from './commands/delete.ts';
import { demoCommand } from './commands/demo.ts';
import { describeCommand } from './commands/describe.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { endpointCommand } from './commands/endpoint/endpoint.ts';
import { errorsCommand } from './commands/errors.ts';
import { getCommand } from './commands/get.ts';
import { groupCommand } from './commands/group/group.ts';
import { keyCommand } from './commands/key/key.ts';
import { logLevelCommand } from './commands/logLevel.ts';
import { metricsCommand } from './commands/metrics.ts';
import { operationCommand } from './commands/operation/operation.ts';
import { principalCommand } from './commands/principal/principal.ts';
import { sessionCommand } from './commands/session/session.ts';
import { supportBundleCommand } from './commands/supportBundle.ts';
import { topCommand } from './commands/top.ts';
import { upCommand } from './commands/up.ts';
import { usageCommand } from './commands/usage.ts';
import { watchCommand } from './commands/watch.ts';
import { webhookCommand } from './commands/webhook/webhook.ts';
import { whoamiCommand } from './commands/whoami.ts';
import { workerCommand } from './commands/worker/worker.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit.ts';
import { stayAlive } from './foreground.ts';
import type { Io, VerdictIo } from './io.ts';
import { writeError } from './render.ts';

/** Runs one command line (without the program's name) and gives its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  using _ = stayAlive();
  let verdict: ExitCode = EXIT.Ok;
  const conclude = (code: ExitCode): void => {
    verdict = code;
  };
  try {
    await program(argv, { ...io, conclude }).parseAsync(argv, { from: 'user' });
    return verdict;
  } catch (error) {
    // Commander has told the user already; --help and --version are not failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.Ok : EXIT.Usage;
    writeError(error, io.stderr, argv.includes('--json'));
    return exitCodeOf(error);
  }
}

/** All commands. `argv` is the whole command line, which some of them read again. */
export function program(argv: readonly string[], io: VerdictIo): Command {
  const root = new Command('roundhouse')
    .description("Keeps an organisation's big iron and bare metal reachable and running.")
    .version(io.version)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .commandsGroup('Find out:')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', BEGIN);
  const groups: Readonly<Record<string, readonly Command[]>> = {
    'Run:': [demoCommand(io), upCommand(io), connectCommand(io)],
    'Use hosts:': [sessionCommand(argv, io), operationCommand(io)],
    'Keep programs running:': [workerCommand(io), topCommand(io)],
    'Say what there is:': [
      endpointCommand(io),
      groupCommand(io),
      webhookCommand(io),
      principalCommand(io),
      keyCommand(io),
    ],
    'All kinds alike:': [getCommand(io), describeCommand(io), applyCommand(io), diffCommand(io), deleteCommand(io)],
    'Watch over the server:': [
      watchCommand(io),
      usageCommand(io),
      metricsCommand(io),
      logLevelCommand(io),
      configCommand(io),
      doctorCommand(io),
      supportBundleCommand(io),
    ],
    'Find out:': [whoamiCommand(io), canICommand(io), errorsCommand(io)],
  };
  for (const [heading, commands] of Object.entries(groups)) {
    for (const command of commands) root.addCommand(command.helpGroup(heading));
  }
  for (const command of withDescendants(root)) {
    command.exitOverride().showHelpAfterError('(--help shows how it is written)');
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  }
  return root;
}

const BEGIN = `
To begin:
  roundhouse demo                          two demonstration hosts and a server
  roundhouse session open --group demo     a session, in another window
  roundhouse get endpoint                  what it runs on
  roundhouse errors CODE                   what an error means
`;

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}
