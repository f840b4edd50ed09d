import type { RuleDefinition } from '../rule/rule.ts';

const EVIDENCE = (field: string, file: string): string => `compliance:
  evidence: { ${field}: /var/lib/roundhouse/evidence/${file} }
`;

/** Of the machine, the software, changes, backups and room to work in. */
export const OPERATION_RULES: readonly RuleDefinition[] = [
  {
    id: 'RH-C12',
    title: 'The clock follows a source and is less than a second off',
    type: 'audit_mandatory',
    severity: 'medium',
    expression: 'clock.is_synchronised && clock.offset_ms < params.max_offset_ms',
    parameters: { max_offset_ms: 1_000 },
    remediation: {
      text: 'Run chrony, and write `log tracking` into chrony.conf: the last line of /var/log/chrony/tracking.log is read. systemd-timesyncd tells that it follows a source, but not how far the clock is off.',
    },
    mappings: { pci_dss: ['10.6.1'], hipaa: ['312(b)'], soc2: ['CC7.2'] },
  },
  {
    id: 'RH-C27',
    title: 'Runtime and dependencies have the fixes that matter, and there is a bill of materials',
    type: 'other',
    severity: 'high',
    expression:
      'runtime.is_patched && software.has_sbom && software.vulnerable_dependencies == 0 && software.dependency_audit_age_days <= params.max_age_days',
    parameters: { max_age_days: 7 },
    remediation: {
      text: 'Run the server with a patched Node.js (`roundhouse doctor` names the versions). Make both files in the folder of the product, the second one every week: `npm sbom --sbom-format cyclonedx > sbom.json`, `npm audit --json > audit.json`.',
      configuration: `compliance:
  evidence:
    sbom_file: /var/lib/roundhouse/evidence/sbom.json
    dependency_audit_file: /var/lib/roundhouse/evidence/audit.json
`,
    },
    mappings: { pci_dss: ['6.3.2', '6.3.3'], hipaa: ['308(a)(1)(ii)(B)'], soc2: ['CC7.1'] },
  },
  {
    id: 'RH-C28',
    title: 'Changes have an author and somebody else who approved them, and can be taken back',
    type: 'access_control',
    severity: 'medium',
    expression: 'changes.without_author == 0 && changes.without_approver == 0 && changes.can_roll_back',
    remediation: {
      text: 'Make all changes through configuration files, started with `--config`, and have somebody else than the author approve each version of each file where the server and the author cannot write: `echo "$(sha256sum < roundhouse.yaml | cut -d" " -f1)  jane.doe" >> approvals`. What was changed through the API counts as not approved until the server is started again.',
      configuration: EVIDENCE('approvals_file', 'approvals'),
    },
    mappings: { pci_dss: ['6.5.1'], hipaa: ['308(a)(8)'], soc2: ['CC8.1'] },
  },
  {
    id: 'RH-C29',
    title: 'The installed files are those of the manifest',
    type: 'other',
    severity: 'high',
    expression: 'software.manifest_files > 0 && size(software.changed_files) == 0',
    remediation: {
      text: 'Make the manifest right after an installation that you trust, keep it where the user of the server cannot write, and name it: `find /opt/roundhouse -type f -print0 | sort -z | xargs -0 sha256sum > manifest.sha256`.',
      configuration: EVIDENCE('manifest_file', 'manifest.sha256'),
    },
    mappings: { pci_dss: ['11.5.2'], hipaa: ['312(c)(1)'], soc2: ['CC6.8', 'CC7.1'] },
  },
  {
    id: 'RH-C30',
    title: 'A backup of the last day exists, and one was restored as a test',
    type: 'data_retention',
    severity: 'high',
    expression: 'backup.age_hours <= params.max_age_hours && backup.restore_tested_days <= params.max_test_age_days',
    parameters: { max_age_hours: 26, max_test_age_days: 92 },
    remediation: {
      text: 'Back up the data directory and the configuration every day, and name the newest backup, or a link to it. Every quarter restore one elsewhere, and keep what the verifier says of the journal in it: `roundhouse audit verify RESTORED/audit --json > restore-test.json`.',
      configuration: `compliance:
  evidence:
    backup_file: /var/lib/roundhouse/evidence/backup
    restore_test_file: /var/lib/roundhouse/evidence/restore-test.json
`,
    },
    mappings: { hipaa: ['308(a)(7)(ii)(B)', '308(a)(7)(ii)(D)'], soc2: ['A1.2', 'A1.3'] },
    limits:
      'Of the backup its time is looked at, and of the test that the journal of this server was restored and verifies.',
  },
  {
    id: 'RH-C32',
    title: 'There is room left in every limit, and on the disk',
    type: 'other',
    severity: 'medium',
    expression:
      'capacity.limits.all(limit, limit.used_share <= params.max_used_share) && capacity.disk_free_share >= params.min_disk_free_share',
    parameters: { max_used_share: 0.8, min_disk_free_share: 0.1 },
    remediation: {
      text: 'Raise the limit that the evidence names, or make room on the disk of the data directory. Each session takes two descriptors: give the process as many (`LimitNOFILE=` of its unit, or `ulimit -n`).',
      configuration: `limits: { max_sessions: 20000 }
`,
    },
    mappings: { hipaa: ['308(a)(7)'], soc2: ['A1.1'] },
  },
];
