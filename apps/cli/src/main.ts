import { Command, CommanderError } from 'commander';
import type { CommandGroups } from './commands.ts';
import { upCommand } from './commands/up.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit.ts';
import { stayAlive } from './foreground.ts';
import type { Io, VerdictIo } from './io.ts';
import { writeError } from './render.ts';

export { nameSources } from './stack.ts';

/** Runs one command line (without the program's name) and gives its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  using _ = stayAlive();
  let verdict: ExitCode = EXIT.Ok;
  const conclude = (code: ExitCode): void => {
    verdict = code;
  };
  try {
    await (await program(argv, { ...io, conclude })).parseAsync(argv, { from: 'user' });
    return verdict;
  } catch (raised) {
    const error = firstOf(raised);
    // Commander has told the user already; --help and --version are not failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.Ok : EXIT.Usage;
    writeError(error, io.stderr, argv.includes('--json'));
    return exitCodeOf(error);
  }
}

/** The commands that a command line may mean: a server starts sooner without those that only talk to one. */
export async function program(argv: readonly string[], io: VerdictIo): Promise<Command> {
  if (argv[0] === 'up') return root(io, { 'Run:': [upCommand(io)] });
  const { allCommands } = await import('./commands.ts');
  return root(io, allCommands(argv, io));
}

function root(io: VerdictIo, groups: CommandGroups): Command {
  const command = new Command('roundhouse')
    .description("Keeps an organisation's big iron and bare metal reachable and running.")
    .version(io.version)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .commandsGroup('Find out:')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', BEGIN);
  for (const [heading, commands] of Object.entries(groups)) {
    for (const each of commands) command.addCommand(each.helpGroup(heading));
  }
  for (const each of withDescendants(command)) {
    each.exitOverride().showHelpAfterError('(--help shows how it is written)');
    each.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  }
  return command;
}

const BEGIN = `
To begin:
  roundhouse demo                          two demonstration hosts and a server
  roundhouse session open --group demo     a session, in another window
  roundhouse get endpoint                  what it runs on
  roundhouse errors CODE                   what an error means
`;

/** What went wrong first: whatever fails while all is put away comes after it. */
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}
