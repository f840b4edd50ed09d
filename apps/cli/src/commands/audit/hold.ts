import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { cellText, table, writeJson } from '../../render.ts';

export function holdCommand(io: Io): Command {
  return new Command('hold')
    .description('legal holds: what is kept whatever the periods say')
    .addCommand(listCommand(io));
}

function listCommand(io: Io): Command {
  const command = new Command('list').description('list the holds of the configuration, and what they keep');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const { holds } = await client.audit.retention();
    if (options.json === true) return writeJson(io.stdout, { holds });
    const rows = holds.map(({ id, owner, reason, segments, archives, ...asked }) => [
      id,
      owner,
      cellText(Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null))),
      String(segments.length),
      String(archives.length),
      reason,
    ]);
    io.stdout.write(table(['HOLD', 'OWNER', 'RECORDS OF', 'SEGMENTS', 'ARCHIVES', 'REASON'], rows));
  });
}
