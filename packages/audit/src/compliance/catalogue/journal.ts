import type { RuleDefinition } from '../rule/rule.ts';

const ALERT = (types: string): string => `webhooks:
  - id: security
    url: https://alerts.example.com/roundhouse
    events: [${types}]
    secret: secret://env/ALERT_SECRET
`;

const ENABLED = `audit: { enabled: true }
`;

/** Of the audit journal: that it is there, whole, kept, read by few, and looked at. */
export const JOURNAL_RULES: readonly RuleDefinition[] = [
  {
    id: 'RH-C01',
    title: 'The audit journal is on, takes records, and has no gap in its numbers',
    type: 'audit_mandatory',
    severity: 'critical',
    expression: 'audit.is_enabled && audit.is_writer_healthy && audit.sequence_gaps == 0',
    remediation: {
      text: 'Turn the audit journal on, start the server again, and have it verified: `roundhouse audit verify`. Where it does not take records, `roundhouse audit status` says why. A gap stays a finding: keep the journal as it is, find out what happened, and waive the rule with the result.',
      configuration: ENABLED,
    },
    mappings: { pci_dss: ['10.2.1', '10.7.2'], hipaa: ['312(b)'], soc2: ['CC7.2'] },
  },
  {
    id: 'RH-C02',
    title: 'Audit records say who, what, when, with what outcome, from where and on what',
    type: 'audit_mandatory',
    severity: 'high',
    expression: 'audit.is_enabled && audit.incomplete_records == 0',
    remediation: {
      text: 'Turn the audit journal on, and start the server again: it looks at each record as it is kept. `roundhouse audit review --list --json` has the number of the first that lacks something; it comes from a fault of the product: please report it, and waive the rule until that record is past its period.',
      configuration: ENABLED,
    },
    mappings: { pci_dss: ['10.2.2'], hipaa: ['312(b)'], soc2: ['CC7.2'] },
  },
  {
    id: 'RH-C03',
    title: 'Chain, tree and checkpoints of the journal agree, by a verification of the last day',
    type: 'audit_mandatory',
    severity: 'critical',
    expression: 'audit.is_intact && audit.verified_age_hours < params.max_age_hours',
    parameters: { max_age_hours: 24 },
    remediation: {
      text: 'Have the server verify its journal: `roundhouse audit verify`. While it runs it does so every six hours by itself. If it is not intact, keep it untouched and compare it with the checkpoints that were copied off this host: `roundhouse audit verify DIRECTORY --checkpoint FILE`.',
    },
    mappings: { pci_dss: ['10.3.2', '10.3.4'], hipaa: ['312(c)(1)', '312(c)(2)'], soc2: ['CC7.2'] },
  },
  {
    id: 'RH-C04',
    title: 'Checkpoints of the journal are copied off this host without delay',
    type: 'audit_mandatory',
    severity: 'high',
    expression: 'audit.off_host_sinks >= 1 && audit.off_host_lag_minutes <= params.max_lag_minutes',
    parameters: { max_lag_minutes: 15 },
    remediation: {
      text: 'Give the journal a place for its checkpoints that is not on this host, and start the server again: HTTP to a collector, as here; a directory on a mount of NFS or SMB (`type: file`); or a bucket (`audit.retention.object_lock`). `roundhouse audit status` says what each has taken.',
      configuration: `audit:
  sinks:
    - { id: collector, type: http, url: "https://collector.example.com/roundhouse/{journal}/{size}" }
`,
    },
    mappings: { pci_dss: ['10.3.3'], hipaa: ['308(a)(7)(ii)(A)'], soc2: ['A1.2'] },
  },
  {
    id: 'RH-C05',
    title: 'Audit records are kept for as long as is required, and the newest can be searched at once',
    type: 'data_retention',
    severity: 'high',
    expression:
      'retention.kept_months >= params.kept_months && retention.searchable_months >= params.searchable_months',
    parameters: { kept_months: 12, searchable_months: 3 },
    remediation: {
      text: 'Lengthen the periods of all classes, and start the server again; without `audit.retention` everything is kept for ever. What is in an archive is not searchable: `archive.after` has to be as long as what is to be searched. An index that is being built is shown by `roundhouse audit status`.',
      configuration: `audit:
  retention:
    periods:
      security: { keep: 6y }
      admin: { keep: 6y }
      access: { keep: 6y }
      data: { keep: 6y }
      system: { keep: 6y }
    archive: { after: 12mo, directory: /var/lib/roundhouse/archive }
`,
    },
    mappings: { pci_dss: ['10.5.1'], hipaa: ['316(b)(2)(i)'], soc2: ['C1.1'] },
    limits:
      'HIPAA asks for six years of the documentation of policies and actions; whether audit records are part of it is for you to decide.',
  },
  {
    id: 'RH-C06',
    title: 'Reading the audit journal is itself recorded',
    type: 'audit_mandatory',
    severity: 'medium',
    expression: 'audit.is_enabled && size(audit.unrecorded_reads) == 0',
    remediation: {
      text: 'Turn the audit journal on, and start the server again: queries, exports, proofs, checkpoints, findings and plans of retention are then on record (`roundhouse audit query --type audit`). A way in that the evidence names is a fault of the product: please report it.',
      configuration: ENABLED,
    },
    mappings: { pci_dss: ['10.2.1.3'], hipaa: ['308(a)(1)(ii)(D)'], soc2: ['CC7.2'] },
    limits: 'Whoever reads the files of the journal on its host is for the audit of the operating system to record.',
  },
  {
    id: 'RH-C07',
    title: 'None but the named roles can read the audit journal',
    type: 'access_control',
    severity: 'high',
    expression: 'audit.reader_roles.all(role, role in params.reader_roles)',
    parameters: { reader_roles: ['admin', 'auditor'] },
    remediation: {
      text: 'Take the kind `audit` out of the rules of the roles that the evidence names, or name these as readers with the parameter `reader_roles`.',
      configuration: `compliance:
  parameters:
    RH-C07: { reader_roles: [admin, auditor] }
`,
    },
    mappings: { pci_dss: ['10.3.1'], hipaa: ['308(a)(4)'], soc2: ['CC6.3'] },
  },
  {
    id: 'RH-C08',
    title: 'Stopping, pausing or configuring the audit journal is recorded, and told to somebody',
    type: 'audit_mandatory',
    severity: 'high',
    expression:
      'params.actions.all(action, action in audit.recorded_actions) && params.alerts.all(type, type in alerts.event_types)',
    parameters: {
      actions: ['journal.closed', 'journal.resumed', 'configuration.reloaded'],
      alerts: ['configuration.reloaded', 'events.lost'],
    },
    remediation: {
      text: 'Turn the audit journal on (`audit: { enabled: true }`), and send these events to a webhook that somebody is called by, or by mail: `alerts.mail`, with the types in `alerts.mail.events`.',
      configuration: ALERT('configuration.*, events.lost'),
    },
    mappings: { pci_dss: ['10.2.1.6', '10.7.3'], hipaa: ['312(b)'], soc2: ['CC7.3'] },
  },
  {
    id: 'RH-C09',
    title: 'Failed log-ins are recorded, and a lock-out is told to somebody',
    type: 'audit_mandatory',
    severity: 'high',
    expression:
      '"authentication.failed" in audit.recorded_actions && params.alerts.all(type, type in alerts.event_types)',
    parameters: { alerts: ['authentication.locked_out'] },
    remediation: {
      text: 'Turn the audit journal on (`audit: { enabled: true }`), and send the event of a lock-out to a webhook that somebody is called by, or by mail: `alerts.mail`, with the type in `alerts.mail.events`.',
      configuration: ALERT('authentication.locked_out'),
    },
    mappings: { pci_dss: ['10.2.1.4'], hipaa: ['308(a)(5)(ii)(C)'], soc2: ['CC7.2'] },
  },
  {
    id: 'RH-C10',
    title: 'Changes of credentials and roles are recorded',
    type: 'audit_mandatory',
    severity: 'high',
    expression: 'params.actions.all(action, action in audit.recorded_actions)',
    parameters: {
      actions: ['principal', 'role', 'api_key'].flatMap((kind) =>
        ['created', 'changed', 'removed'].map((change) => `${kind}.${change}`),
      ),
    },
    remediation: {
      text: 'Turn the audit journal on, and start the server again: every change of principals, roles and API keys is on record then.',
      configuration: ENABLED,
    },
    mappings: { pci_dss: ['10.2.1.5'], hipaa: ['308(a)(5)(ii)(D)'], soc2: ['CC6.2'] },
  },
  {
    id: 'RH-C11',
    title: 'The records were reviewed within the last day, and what was found is acknowledged',
    type: 'audit_mandatory',
    severity: 'medium',
    expression: 'audit.review_age_hours < params.max_age_hours && audit.unacknowledged_findings == 0',
    parameters: { max_age_hours: 24 },
    remediation: {
      text: 'Look at what was found (`roundhouse audit review --list`), do what it takes, and put on record every day that you have: `roundhouse audit review --note "what was done"` acknowledges what it shows. It takes the role auditor or admin.',
    },
    mappings: { pci_dss: ['10.4.1', '10.4.1.1'], hipaa: ['308(a)(1)(ii)(D)'], soc2: ['CC7.3'] },
  },
];
