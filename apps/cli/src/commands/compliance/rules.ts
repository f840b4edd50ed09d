import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseName } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { table, writeJson } from '../../render.ts';

interface RulesOptions extends ApiOptions {
  readonly profile?: string;
}

export function rulesCommand(io: Io): Command {
  const command = new Command('rules')
    .description('list the rules, and the profiles that they are part of')
    .option('--profile <id>', 'only those of this profile, like hipaa');
  return withApiOptions(command).action(async ({ profile, ...options }: RulesOptions) => {
    using client = await connect(options, io);
    const { rules, profiles, facts } = await client.listComplianceRules();
    const ids = profiles.map(({ id }) => id);
    const chosen = profile === undefined ? undefined : parseName('profile', profile, ids);
    const wanted = rules.filter((rule) => chosen === undefined || rule.profiles.includes(chosen));
    if (options.json === true) return writeJson(io.stdout, { rules: wanted, profiles, facts });
    const rows = wanted.map(({ id, severity, type, title }) => [id, severity, type, title]);
    const sets = profiles.map(({ id, rules: count, title }) => [id, String(count), title]);
    io.stdout.write(
      `${table(['RULE', 'SEVERITY', 'TYPE', 'WHAT IS SO WHEN IT PASSES'], rows)}\n${table(['PROFILE', 'RULES', 'TITLE'], sets)}`,
    );
  });
}
