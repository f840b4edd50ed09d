import type { RuleDefinition } from '../rule/rule.ts';

/** Of who may come in, with what proof, and what they may do. */
export const IDENTITY_RULES: readonly RuleDefinition[] = [
  {
    id: 'RH-C13',
    title: 'No shared or generic principals are in use',
    type: 'access_control',
    severity: 'high',
    expression: 'size(principals.generic) == 0 && principals.root_quiet_hours >= params.root_quiet_hours',
    parameters: { root_quiet_hours: 24 },
    remediation: {
      text: 'Give each person a principal of their own and each program one of type service, disable those with the name of a function, and keep the token of root for emergencies: after a day without it the rule passes.',
      configuration: `principals:
  - { id: jane.doe, type: person, roles: [auditor] }
  - { id: batch.settlement, type: service, roles: [user] }
`,
    },
    mappings: { pci_dss: ['8.2.1', '8.2.2'], hipaa: ['312(a)(2)(i)'], soc2: ['CC6.1'] },
    limits: 'Generic principals are found by their names. Whether two people share one cannot be seen from here.',
  },
  {
    id: 'RH-C14',
    title: 'Accounts that nobody has used for 90 days are disabled',
    type: 'access_control',
    severity: 'medium',
    expression: 'principals.accounts.all(account, account.unused_days < params.max_unused_days)',
    parameters: { max_unused_days: 90 },
    remediation: {
      text: 'Disable the principals that the evidence names, or remove them.',
      configuration: `principals:
  - { id: jane.doe, roles: [auditor], disabled: true }
`,
    },
    mappings: { pci_dss: ['8.2.6'], hipaa: ['308(a)(3)(ii)(C)'], soc2: ['CC6.2'] },
    limits: 'Accounts of a directory server or of an issuer of tokens are theirs to disable.',
  },
  {
    id: 'RH-C15',
    title: 'Every way in asks again who is there after at most 15 minutes without use',
    type: 'timeout_required',
    severity: 'medium',
    expression: 'idle.ways_in.all(way, way.logs_off && way.after_minutes <= params.max_minutes)',
    parameters: { max_minutes: 15 },
    remediation: {
      text: 'The API asks with every request. Have the front door log terminals off, and start the server again. Terminals that do nothing for so long are disconnected, and their sessions end: tell people before, or, where the host logs them off itself, waive the rule.',
      configuration: `front_door: { idle_timeout_ms: 900000 }
`,
    },
    mappings: { pci_dss: ['8.2.8'], hipaa: ['312(a)(2)(iii)'], soc2: ['CC6.1'] },
    limits:
      'A stream of events or of a log that is open goes on until its caller closes it: it shows and takes nothing. A session that was taken over with a ticket stays when its terminal is logged off, for whoever may use it over the API.',
  },
  {
    id: 'RH-C16',
    title: 'At most 10 failed attempts lead to a lock-out of at least 30 minutes',
    type: 'password_policy',
    severity: 'high',
    expression: 'lockout.max_failures <= params.max_failures && lockout.lock_minutes >= params.lock_minutes',
    parameters: { max_failures: 10, lock_minutes: 30 },
    remediation: {
      text: 'Lock out sooner, or for longer.',
      configuration: `authentication:
  lockout: { max_failures: 10, lock_ms: 1800000 }
`,
    },
    mappings: { pci_dss: ['8.3.4'], hipaa: ['308(a)(5)(ii)(D)'], soc2: ['CC6.1'] },
    limits:
      'Failures are counted for a name at an address, so that nobody can lock others out; who guesses from many addresses meets the bounds of each.',
  },
  {
    id: 'RH-C17',
    title: 'Passwords have at least 12 characters, letters and digits, and are none of the last four',
    type: 'password_policy',
    severity: 'high',
    applies: 'size(password.local_accounts) > 0',
    expression:
      'password.min_length >= params.min_length && password.needs_letters_and_digits && password.history >= params.history',
    parameters: { min_length: 12, history: 4 },
    remediation: {
      text: 'Have passwords held to a policy where they are used, and start the server again, with a store that lasts (SQLite or PostgreSQL). Whoever has a password that does not meet it is refused from then on (PASSWORD_BELOW_POLICY): make hashes of new ones with `roundhouse principal hash-password --config roundhouse.yaml`, which asks for the same, and write them in the place of the old ones.',
      configuration: `authentication:
  passwords: { min_length: 12, letters_and_digits: true, history: 4 }
`,
    },
    mappings: { pci_dss: ['8.3.6', '8.3.7'], hipaa: ['308(a)(5)(ii)(D)'], soc2: ['CC6.1'] },
    limits:
      'A password is seen when it is used, and no earlier. Former ones are known from the first start with the policy on; a new store, and a principal that is removed and added again, begin anew. Passwords of a directory server are under its own rules.',
  },
  {
    id: 'RH-C19',
    title: 'A second factor is required of administrators, and of whoever comes from another machine',
    type: 'access_control',
    severity: 'high',
    expression: 'mfa.is_required_for_admins && mfa.is_required_for_remote',
    remediation: {
      text: 'Let people in through an issuer of tokens that asks for a second factor and says so in a claim, and through nothing else: no passwords, no directory server, no certificates and API keys of principals of type person. Programs are principals of type service. Then leave the token of root alone for a day.',
      configuration: `authentication:
  basic: { enabled: false }
  certificates: false
  issuers:
    - issuer: https://login.example.com/
      audience: roundhouse
      second_factor: { claim: amr, values: [mfa] }
`,
    },
    mappings: { pci_dss: ['8.4.1', '8.4.2', '8.4.3'], hipaa: ['312(d)'], soc2: ['CC6.1'] },
    limits:
      'What the issuer says of the second factor is believed. Terminals at the front door are let in by their hosts.',
  },
  {
    id: 'RH-C21',
    title: 'What no role allows is denied, and few may do everything',
    type: 'access_control',
    severity: 'high',
    expression: 'policy.is_default_deny && size(policy.wildcard_admins) <= params.max_wildcard_admins',
    parameters: { max_wildcard_admins: 2 },
    remediation: {
      text: 'Give principals a role that names what they need in place of admin.',
      configuration: `principals:
  - { id: jane.doe, roles: [operator] }
`,
    },
    mappings: { pci_dss: ['7.2.2', '7.3.3'], hipaa: ['308(a)(4)'], soc2: ['CC6.3'] },
    limits: 'The token of root allows everything too; it is counted under RH-C13.',
  },
  {
    id: 'RH-C22',
    title: 'Accounts and their rights were reviewed within the last six months',
    type: 'access_control',
    severity: 'medium',
    expression: 'access_review.age_days <= params.max_age_days',
    parameters: { max_age_days: 183 },
    remediation: {
      text: 'Look at all accounts, roles and keys (`roundhouse principal list`, `role list`, `api-key list`), set right what is not, and put on record that you have: `roundhouse audit review --access --note "what was changed"`. It takes the role auditor or admin, and the audit journal.',
    },
    mappings: { pci_dss: ['7.2.4'], hipaa: ['308(a)(4)(ii)(C)'], soc2: ['CC6.2'] },
  },
  {
    id: 'RH-C25',
    title: 'There are no default accounts and tokens, and nothing passes in the clear by permission',
    type: 'access_control',
    severity: 'high',
    expression: 'size(defaults.accounts) == 0 && !defaults.has_example_token && size(protocols.insecure_allowed) == 0',
    remediation: {
      text: 'Remove what the evidence names: `allow_plain`, `allow_insecure`, addresses with http, principals with the name of a vendor default. Leave ROUNDHOUSE_TOKEN unset: a token is made.',
      configuration: `server: { allow_plain: false }
authentication:
  basic: { allow_insecure: false }
`,
    },
    mappings: { pci_dss: ['2.2.2', '2.2.4'], hipaa: ['308(a)(1)(ii)(B)'], soc2: ['CC6.1', 'CC6.6'] },
  },
];
