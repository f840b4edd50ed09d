import type { FactDefinition } from './definition.ts';

const CONFIGURATION = 'configuration in force';
const RESOURCES = 'principals, roles and API keys in force';

/** What was asked for: options, resources and what they amount to. */
export const CONFIGURED_FACTS = {
  'alerts.event_types': {
    type: 'texts',
    unit: null,
    meaning: 'Types of events that somebody is told of, by a webhook in use or by mail, without `roundhouse.`',
    source: 'webhooks and alerts in force',
  },
  'defaults.accounts': {
    type: 'texts',
    unit: null,
    meaning: 'Enabled principals with the name of a vendor default, such as admin or guest, that have a password',
    source: RESOURCES,
  },
  'defaults.has_example_token': {
    type: 'boolean',
    unit: null,
    meaning: 'Whether the token of root is short or one that documents use as an example',
    source: 'settings of the process',
  },
  'idle.ways_in': {
    type: 'items',
    fields: { name: 'text', logs_off: 'boolean', after_minutes: 'number' },
    unit: 'minutes',
    meaning: 'Ways in that are open, and after how long without use each asks who is there again',
    source: CONFIGURATION,
  },
  'keys.items': {
    type: 'items',
    fields: { id: 'text', principal: 'text', age_days: 'number' },
    unit: 'days',
    meaning: 'API keys of principals that are not disabled, with their age',
    source: RESOURCES,
  },
  'lockout.lock_minutes': {
    type: 'number',
    unit: 'minutes',
    meaning: 'How long a name is locked out at an address after too many failures',
    source: CONFIGURATION,
  },
  'lockout.max_failures': {
    type: 'number',
    unit: null,
    meaning: 'Failed attempts of one name from one address after which it is locked out',
    source: CONFIGURATION,
  },
  'mfa.is_required_for_admins': {
    type: 'boolean',
    unit: null,
    meaning:
      'Whether every way in for people with the role admin asks for a second factor, and root was not used for a day',
    source: 'authentication',
  },
  'mfa.is_required_for_remote': {
    type: 'boolean',
    unit: null,
    meaning:
      'Whether every way in for people from another machine asks for a second factor, and root was not used for a day',
    source: 'authentication',
  },
  'password.history': {
    type: 'number',
    unit: null,
    meaning: 'Passwords before the present one that are not taken again, also by the next process',
    source: 'authentication',
  },
  'password.local_accounts': {
    type: 'texts',
    unit: null,
    meaning: 'Enabled principals whose password is checked here and not by a directory server',
    source: RESOURCES,
  },
  'password.min_length': {
    type: 'number',
    unit: 'characters',
    meaning: 'Fewest characters of a password that is taken here',
    source: 'authentication',
  },
  'password.needs_letters_and_digits': {
    type: 'boolean',
    unit: null,
    meaning: 'Whether a password that is taken here always has letters and digits',
    source: 'authentication',
  },
  'password.outdated_hashes': {
    type: 'texts',
    unit: null,
    meaning: 'Enabled principals whose password hash costs a guesser less than one made today',
    source: RESOURCES,
  },
  'policy.is_default_deny': {
    type: 'boolean',
    unit: null,
    meaning: 'Whether what no role allows is denied',
    source: 'policy in force',
  },
  'policy.wildcard_admins': {
    type: 'texts',
    unit: null,
    meaning: 'Enabled principals with a role that allows every verb on every kind, without a condition',
    source: RESOURCES,
  },
  'principals.generic': {
    type: 'texts',
    unit: null,
    meaning:
      'Enabled principals that are persons by type and a function or a group by name, such as operator or shared',
    source: RESOURCES,
  },
  'protocols.insecure_allowed': {
    type: 'texts',
    unit: null,
    meaning: 'Places of the configuration that let credentials, screens or events pass in the clear',
    source: CONFIGURATION,
  },
  'retention.kept_months': {
    type: 'number',
    unit: 'months',
    meaning: 'How long audit records are kept at least, by the shortest period of any class; 12,000 is for ever',
    source: 'audit journal',
  },
  'retention.searchable_months': {
    type: 'number',
    unit: 'months',
    meaning: 'How long audit records can be searched without fetching an archive',
    source: 'audit journal',
  },
  'secrets.is_sealed_at_rest': {
    type: 'boolean',
    unit: null,
    meaning: 'Whether secrets in the store are sealed with AES-256-GCM under a key that is not in the store',
    source: 'store',
  },
  'secrets.plain_in_configuration': {
    type: 'texts',
    unit: null,
    meaning: 'Places of the configuration where a secret is written out and not referred to',
    source: CONFIGURATION,
  },
  'secrets.plain_in_environment': {
    type: 'texts',
    unit: null,
    meaning: 'Environment variables of the process that hold a credential of the product',
    source: 'environment of the process',
  },
  'tls.endpoints': {
    type: 'items',
    fields: {
      id: 'text',
      is_loopback: 'boolean',
      is_tls: 'boolean',
      is_verified: 'boolean',
      min_version: 'number',
    },
    unit: 'TLS version',
    meaning:
      'Endpoints, whether sessions to them are encrypted from the first byte, checked, and from which version on',
    source: 'endpoints in force',
  },
  'tls.listeners': {
    type: 'items',
    fields: { name: 'text', is_loopback: 'boolean', is_tls: 'boolean', min_version: 'number' },
    unit: 'TLS version',
    meaning: 'Listeners, whether they take TLS alone, and from which version on',
    source: CONFIGURATION,
  },
} as const satisfies Readonly<Record<`${string}.${string}`, FactDefinition>>;
