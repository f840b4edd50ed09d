import type { RuleDefinition } from '../rule/rule.ts';

/** Of secrets, of what passes between machines, and of data that names people and cards. */
export const PROTECTION_RULES: readonly RuleDefinition[] = [
  {
    id: 'RH-C18',
    title: 'Secrets cannot be read where they are stored, and password hashes cost what they should',
    type: 'encryption_required',
    severity: 'high',
    expression: 'secrets.is_sealed_at_rest && size(password.outdated_hashes) == 0',
    remediation: {
      text: 'Make the hashes that the evidence names anew with `roundhouse principal hash-password`, and write them in the place of the old ones.',
      configuration: `principals:
  - id: jane.doe
    roles: [auditor]
    password_hash: $argon2id$v=19$m=19456,t=2,p=1$…
`,
    },
    mappings: { pci_dss: ['8.3.2'], hipaa: ['312(a)(2)(iv)'], soc2: ['CC6.1'] },
  },
  {
    id: 'RH-C20',
    title: 'No secret stands in the configuration or the environment, and API keys are renewed',
    type: 'encryption_required',
    severity: 'high',
    expression:
      'size(secrets.plain_in_configuration) == 0 && size(secrets.plain_in_environment) == 0 && keys.items.all(key, key.age_days <= params.max_key_age_days)',
    parameters: { max_key_age_days: 365 },
    remediation: {
      text: 'Refer to secrets in files that only the server can read, in place of writing them out; leave ROUNDHOUSE_TOKEN unset; replace the API keys that the evidence names by new ones.',
      configuration: `authentication:
  ldap: { bind_password: secret://file/etc/roundhouse/secrets/ldap }
webhooks:
  - { id: security, secret: secret://file/etc/roundhouse/secrets/webhook }
`,
    },
    mappings: { pci_dss: ['8.6.2', '8.6.3'], hipaa: ['312(d)'], soc2: ['CC6.1'] },
    limits: 'Environments and arguments of workers are not looked into.',
  },
  {
    id: 'RH-C23',
    title: 'Every listener and endpoint beyond this machine uses TLS 1.2 or later, checked',
    type: 'encryption_required',
    severity: 'critical',
    expression:
      'tls.listeners.all(listener, listener.is_loopback || (listener.is_tls && listener.min_version >= params.min_version)) && tls.endpoints.all(endpoint, endpoint.is_loopback || (endpoint.is_tls && endpoint.is_verified && endpoint.min_version >= params.min_version))',
    parameters: { min_version: 1.2 },
    remediation: {
      text: 'Give listeners a certificate and endpoints `tls`. For a host that cannot, write a waiver: it is the documented exception.',
      configuration: `server:
  tls: { cert_file: /etc/roundhouse/tls/server.pem, key_file: /etc/roundhouse/tls/server.key, min_version: TLSv1.2 }
endpoints:
  - { id: east, host: mainframe.example.com, port: 992, tls: { verify: true, min_version: TLSv1.2 } }
`,
    },
    mappings: { pci_dss: ['4.2.1', '2.2.7'], hipaa: ['312(e)(1)', '312(e)(2)(ii)'], soc2: ['CC6.7'] },
    limits: 'Suites are those of the runtime; which of them a connection uses is not looked at.',
  },
  {
    id: 'RH-C24',
    title: 'No certificate ends within 30 days',
    type: 'encryption_required',
    severity: 'high',
    applies: 'size(certificates.items) > 0',
    expression: 'certificates.items.all(certificate, certificate.days_left >= params.min_days)',
    parameters: { min_days: 30 },
    remediation: {
      text: 'Put a new certificate and key where the old ones are; they are taken without a restart.',
      configuration: `server:
  tls: { cert_file: /etc/roundhouse/tls/server.pem, key_file: /etc/roundhouse/tls/server.key }
`,
    },
    mappings: { pci_dss: ['4.2.1.1'], hipaa: ['312(e)(2)(i)'], soc2: ['CC6.7'] },
  },
  {
    id: 'RH-C26',
    title: 'Card and social security numbers are masked on every way out',
    type: 'encryption_required',
    severity: 'high',
    expression: 'params.channels.all(channel, channel in masking.channels)',
    parameters: { channels: ['screens', 'logs', 'recordings', 'webhooks'] },
    remediation: {
      text: 'Turn masking on, and start the server again. A front door passes on what the host sends, where nothing can be masked: while there is one, `screens` does not count. Take `front_door` out of the configuration, or have the host mask the numbers and waive the rule with that as the reason.',
      configuration: `masking: { channels: [screens, logs, recordings, webhooks] }
`,
    },
    mappings: { pci_dss: ['3.3.1', '3.4.1'], hipaa: ['312(a)(1)'], soc2: ['C1.1'] },
    limits:
      'Numbers are found by how they are written: a social security number without dashes is none, nor is a card in more than 19 digits or among letters of an identifier. Files of the logs of workers and mail that is kept stay as they were written; roles in `masking.exempt_roles` see screens as they are.',
  },
  {
    id: 'RH-C31',
    title: 'What is past its period is erased, and there is a certificate of it',
    type: 'data_retention',
    severity: 'medium',
    applies: 'retention.kept_months < params.for_ever_months || retention.erased_without_certificate > 0',
    expression: 'retention.erased_without_certificate == 0',
    parameters: { for_ever_months: 12_000 },
    remediation: {
      text: 'Give each class a period and start the server again: it erases what is past it once a day, `roundhouse audit retention run` at once, and each key that is destroyed leaves a certificate. `roundhouse audit retention plan` says what is in the way; a legal hold is none.',
      configuration: `audit:
  retention:
    periods:
      security: { keep: 6y, mode: erase }
      admin: { keep: 6y, mode: erase }
      access: { keep: 6y, mode: erase }
      data: { keep: 6y, mode: erase }
      system: { keep: 6y, mode: erase }
`,
    },
    mappings: { pci_dss: ['3.2.1', '9.4.7'], hipaa: ['310(d)(2)(i)'], soc2: ['C1.2'] },
  },
];
