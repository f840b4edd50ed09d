import type { Explanation } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { facts, table, writeJson } from '../../render.ts';

export function explainCommand(io: Io): Command {
  const command = new Command('explain')
    .description('say why a session is on the host it is on')
    .argument('<id>', 'session id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const explanation = await client.explainSession(id);
    if (options.json === true) writeJson(io.stdout, explanation);
    else io.stdout.write(explained(explanation));
  });
}

function explained({ session_id, endpoint, decision }: Explanation): string {
  if (decision === null) return `${session_id} is where its caller wanted it: it named the host.\n`;
  const { candidates, ...rest } = decision;
  const rows = candidates.map((each) => [
    each.endpoint,
    each.eligible ? 'yes' : 'no',
    each.score === null ? '-' : String(Number(each.score.toPrecision(4))),
    each.reason,
  ]);
  return `${facts({ session_id, endpoint, ...rest })}\n${table(['CANDIDATE', 'ELIGIBLE', 'SCORE', 'REASON'], rows)}`;
}
