import type { Client, ComplianceResult, ComplianceRule } from '@roundhouse/api';
import { isRoundhouseError } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseName } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { facts, printable, table, writeJson } from '../../render.ts';

interface ExplainOptions extends ApiOptions {
  readonly profile?: string;
}

export function explainCommand(io: Io): Command {
  const command = new Command('explain')
    .description('show a rule, what it says now and by which evidence, and what makes it pass')
    .argument('<rule>', 'id of the rule, like RH-C16')
    .option('--profile <id>', 'evaluated with what this profile asks for (default: all)');
  return withApiOptions(command).action(async (name: string, { profile, ...options }: ExplainOptions) => {
    using client = await connect(options, io);
    const { rules } = await client.listComplianceRules();
    const ids = rules.map(({ id }) => id);
    const id = parseName('rule', name, ids);
    const rule = rules.find((each) => each.id === id) as ComplianceRule;
    const result = await resultOf(client, id, profile ?? 'all');
    if (options.json === true) return writeJson(io.stdout, { rule, result });
    io.stdout.write(explained(rule, result));
  });
}

/** Null for a rule that is no part of the profile, and for those who may not see evidence. */
async function resultOf(client: Client, rule: string, profile: string): Promise<ComplianceResult | null> {
  try {
    const { results } = await client.getComplianceReport(profile);
    return results.find((each) => each.rule === rule) ?? null;
  } catch (error) {
    if (isRoundhouseError(error) && error.status === 403) return null;
    throw error;
  }
}

function explained(rule: ComplianceRule, result: ComplianceResult | null): string {
  const { id, title, type, severity, expression, applies, parameters, mappings, limits, remediation } = rule;
  const parts = [
    facts({
      rule: id,
      passes_when: title,
      type,
      severity,
      expression,
      applies_when: applies,
      parameters: result?.evidence.parameters ?? parameters,
      pci_dss_4: mappings.pci_dss,
      cfr_164: mappings.hipaa,
      soc2: mappings.soc2,
      limits,
    }),
    result === null ? 'No result: the evidence is for those who may assess.\n' : evidence(result),
    `What makes it pass: ${printable(remediation.text)}\n`,
    ...(remediation.configuration === null ? [] : [printable(indented(remediation.configuration), true)]),
  ];
  return parts.join('\n');
}

function evidence({ status, would_be: wouldBe, reason, waiver, evidence: kept }: ComplianceResult): string {
  const rows = kept.facts.map(({ name, state, value, code, source }) => [
    name,
    state === 'known' ? JSON.stringify(value) : `unknown (${code})`,
    source,
  ]);
  return `${facts({ result: status, would_be: wouldBe, why: reason, waiver: waiver ?? {}, digest: kept.digest })}
${table(['FACT', 'VALUE', 'SOURCE'], rows)}`;
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
