import { Command } from 'commander';
import type { Io } from '../io.ts';
import type { ConnectOptions } from '../terminal/connectTerminal.ts';
import { keymapLines } from '../terminal/keymap.ts';

export function connectCommand(io: Io): Command {
  return new Command('connect')
    .description('use a 3270 host in this terminal, full screen')
    .argument('<[lu@]host[:port]>', 'host to connect to (port 23, with TLS 992), LU or pool to ask for')
    .option('--tls', 'TLS from the first byte')
    .option('--tls-insecure', 'take any certificate, also of a host that starts TLS itself')
    .option('--ca <file>', 'PEM file of the authorities to trust instead of the public ones')
    .option('--model <name>', 'terminal model, like 3279-4-E (default: the largest that the window shows)')
    .option('--code-page <name>', 'code page of the host, like 037')
    .option('--oversize <rowsxcolumns>', 'screen larger than that of the model, like 60x132')
    .option('--no-tn3270e', 'classic TN3270 only')
    .option('--trace <file>', 'write a trace; what stands in hidden fields is masked')
    .addHelpText('after', () => `\nKeys (after Esc or Ctrl-A the next key counts as with Alt):\n${keys()}`)
    .action(async (address: string, options: ConnectOptions) => {
      const { connectTerminal } = await import('../terminal/connectTerminal.ts');
      await connectTerminal(address, options, io);
    });
}

function keys(): string {
  return keymapLines()
    .map((line) => `  ${line}\n`)
    .join('');
}
