import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { type PiecesOptions, putPieces } from '../../pieces.ts';

export function textCommand(io: Io): Command {
  const command = new Command('text')
    .description('write the text of a message, headers and body')
    .argument('<id>', 'message id')
    .option('-o, --output <file>', 'file to write, byte by byte as it came, for its owner alone');
  return withApiOptions(command).action(async (id: string, options: ApiOptions & PiecesOptions) => {
    using client = await connect(options, io);
    await putPieces(await client.mail.text(id), options, io);
  });
}
