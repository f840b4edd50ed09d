import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { writePieces, writePiecesTo } from '../../pieces.ts';
import { printable, writeJson } from '../../render.ts';

interface TextOptions extends ApiOptions {
  readonly output?: string;
}

export function textCommand(io: Io): Command {
  const command = new Command('text')
    .description('write the text of a message, headers and body')
    .argument('<id>', 'message id')
    .option('-o, --output <file>', 'file to write, byte by byte as it came, for its owner alone');
  return withApiOptions(command).action(async (id: string, { output, ...options }: TextOptions) => {
    using client = await connect(options, io);
    const pieces = await client.mail.text(id);
    if (output === undefined) {
      await writePieces(io.stdout, pieces);
      return;
    }
    const bytes = await writePiecesTo(output, pieces);
    if (options.json === true) writeJson(io.stdout, { file: output, bytes });
    else io.stdout.write(`${printable(output)} is written: ${bytes} bytes\n`);
  });
}
