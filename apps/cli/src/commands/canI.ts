import type { CanI } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import { parseName } from '../arguments.ts';
import { EXIT } from '../exit.ts';
import type { VerdictIo } from '../io.ts';
import { printable, writeJson } from '../render.ts';
import { policyKindOf } from '../resource/kinds.ts';

export function canICommand(io: VerdictIo): Command {
  const command = new Command('can-i')
    .description('say whether you may do something, and which rule says so')
    .argument('<verb>', 'what to do, like get, create or drain')
    .argument('<kind>', 'to what, like session or endpoint')
    .argument('[id]', 'to this one (default: to any)');
  return withApiOptions(command)
    .addHelpText('after', `\nExit code 0: allowed; ${EXIT.Denied}: denied.\n`)
    .action(async (verb: string, kind: string, id: string | undefined, options: ApiOptions) => {
      const { VERBS } = await import('@roundhouse/api');
      const query = { verb: parseName('verb', verb, VERBS), kind: await policyKindOf(kind) };
      using client = await connect(options, io);
      const decision = await client.canI({ ...query, ...(id === undefined ? {} : { id }) });
      if (options.json === true) writeJson(io.stdout, decision);
      else io.stdout.write(printable(`${sentence(decision)}\n`, true));
      if (!decision.allowed) io.conclude(EXIT.Denied);
    });
}

function sentence({ allowed, reason, role, rule }: CanI): string {
  const by = role === null ? '' : ` (role ${role}${rule === null ? '' : `, rule ${rule}`})`;
  return `${allowed ? 'yes' : 'no'}: ${reason}${by}`;
}
