import { readFileSync } from 'node:fs';
import { FACTS, PROFILES, type Profile, type Rule, RULES } from '@roundhouse/audit/compliance';
import { code, plain, table } from './markdown.ts';

const NOTES = new URL('compliance-notes.md', import.meta.url);

/** The page about compliance: what is written by hand, then profiles, rules and facts of the code. */
export function compliancePage(): string {
  return `${[
    readFileSync(NOTES, 'utf8').trimEnd(),
    `## Profiles\n\n${profileTable()}`,
    `## Rules\n\n${ruleTable()}`,
    ...RULES.map(section),
    `## Facts\n\nTypes are those of CEL: \`number\` is a double, \`texts\` a list of texts, \`items\` a list of maps with the fields named.\n\n${factTable()}`,
  ].join('\n\n')}\n`;
}

function profileTable(): string {
  const rows = PROFILES.map(({ id, title, notes, rules, ...profile }) => [
    code(id),
    plain(title),
    String(rules?.length ?? RULES.length),
    plain(`${notes}${parametersOf(profile.parameters)}`),
  ]);
  return table(['Profile', 'Of', 'Rules', 'Notes'], rows);
}

function parametersOf(parameters: Profile['parameters']): string {
  const parts = Object.entries(parameters).flatMap(([rule, values]) =>
    Object.entries(values).map(([name, value]) => `${rule} \`${name}\` ${JSON.stringify(value)}`),
  );
  return parts.length === 0 ? '' : ` Sets ${parts.join(', ')}.`;
}

function ruleTable(): string {
  const rows = RULES.map(({ id, title, severity, mappings = {} }) => {
    const { pci_dss = [], hipaa = [], soc2 = [] } = mappings;
    return [`[${id}](#${id.toLowerCase()})`, plain(title), severity, ...[pci_dss, hipaa, soc2].map(numbers)];
  });
  return table(['Rule', 'What is so when it passes', 'Severity', 'PCI DSS 4.0.1', '45 CFR 164.', 'SOC 2'], rows);
}

function numbers(list: readonly string[]): string {
  return list.length === 0 ? '–' : list.join(', ');
}

function section({
  id,
  title,
  type,
  severity,
  expression,
  applies,
  parameters = {},
  remediation,
  limits,
}: Rule): string {
  const values = Object.entries(parameters).map(([name, value]) => `\`${name}\` ${JSON.stringify(value)}`);
  return [
    `### ${id}`,
    `${title}. _${type}, ${severity}_`,
    `\`\`\`\n${expression}\n\`\`\``,
    ...(applies === undefined ? [] : [`Applies where ${code(applies)}.`]),
    ...(values.length === 0 ? [] : [`Parameters: ${values.join(', ')}.`]),
    remediation.text,
    ...(remediation.configuration === undefined ? [] : [`\`\`\`text\n${remediation.configuration.trimEnd()}\n\`\`\``]),
    ...(limits === undefined ? [] : [`_What it does not cover:_ ${limits}`]),
  ].join('\n\n');
}

function factTable(): string {
  const rows = Object.entries(FACTS).map(([name, { type, unit, meaning, source, ...more }]) => {
    const fields = 'fields' in more ? `: ${Object.keys(more.fields).join(', ')}` : '';
    return [code(name), `${type}${fields}`, unit ?? '–', plain(meaning), plain(source)];
  });
  return table(['Fact', 'Type', 'Unit', 'Meaning', 'Source'], rows);
}
