import type { ComplianceFormat, ComplianceReportResource, ComplianceResult } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { printable, table, writeJson } from '../../render.ts';

interface ReportOptions extends ApiOptions {
  readonly profile?: string;
  readonly format: 'table' | ComplianceFormat;
}

/** What wants attention stands first. */
const ORDER: readonly ComplianceResult['status'][] = ['fail', 'unknown', 'waived', 'pass', 'not_applicable'];

export function reportCommand(io: VerdictIo): Command {
  const command = new Command('report')
    .description('evaluate the rules now; exit status 8 when one fails')
    .option('--profile <id>', 'rules to evaluate, like pci_dss_4 (default: that of the configuration)')
    .addOption(
      new Option('--format <format>', 'html is for reading and printing, oscal for other tools')
        .choices(['table', 'json', 'csv', 'html', 'oscal'])
        .default('table'),
    );
  return withApiOptions(command).action(async ({ profile, format, ...options }: ReportOptions) => {
    using client = await connect(options, io);
    if (format === 'csv' || format === 'html' || format === 'oscal') {
      const text = await client.getComplianceReportText(format, profile);
      io.stdout.write(printable(text.replaceAll('\r\n', '\n'), true));
      return;
    }
    const report = await client.getComplianceReport(profile);
    if (format === 'json' || options.json === true) writeJson(io.stdout, report);
    else io.stdout.write(reportText(report));
    if (report.summary.fail > 0) io.conclude(EXIT.Findings);
  });
}

function reportText({ profile, generated_at: at, statement, summary, results }: ComplianceReportResource): string {
  const rows = results
    .toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))
    .map(({ rule, severity, status, would_be: wouldBe, title }) => [
      rule,
      severity,
      wouldBe === null ? status : `${status} (${wouldBe})`,
      title,
    ]);
  const counts = ORDER.map((status) => `${summary[status]} ${status}`).join(', ');
  return `${printable(profile.title)}, ${at}: ${counts}

${table(['RULE', 'SEVERITY', 'RESULT', 'WHAT IS SO WHEN IT PASSES'], rows)}
${printable(statement)}
roundhouse compliance explain RULE shows the evidence, and what makes it pass.
`;
}
