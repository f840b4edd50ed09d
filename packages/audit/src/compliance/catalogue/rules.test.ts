import { describe, expect, it } from 'vitest';
import { assess, type Status } from '../assess.ts';
import type { Facts } from '../fact/catalogue.ts';
import { factSheet, type GatheredFacts } from '../fact/gather.ts';
import { PASSING } from '../fact/passing.fixture.ts';
import { FRAMEWORKS, RULE_TYPES } from '../rule/vocabulary.ts';
import { PROFILES } from './profiles.ts';
import { RULES } from './rules.ts';

const NOW = Date.UTC(2026, 10, 22);

function statusOf(rule: string, facts: GatheredFacts, profile = 'all'): Status | undefined {
  const sheet = factSheet(facts, NOW);
  const chosen = PROFILES.find(({ id }) => id === profile);
  if (chosen === undefined) throw new Error(profile);
  const { results } = assess({ rules: RULES, profile: chosen, facts: sheet, waivers: [], now: NOW });
  return results.find((result) => result.rule.id === rule)?.status;
}

/** What breaks each rule, one way after another. */
const FAILING: Readonly<Record<string, ReadonlyArray<Partial<Facts>>>> = {
  'RH-C01': [{ 'audit.is_enabled': false }, { 'audit.is_writer_healthy': false }, { 'audit.sequence_gaps': 1 }],
  'RH-C02': [{ 'audit.is_enabled': false }, { 'audit.incomplete_records': 1 }],
  'RH-C03': [{ 'audit.is_intact': false }, { 'audit.verified_age_hours': 24 }],
  'RH-C04': [{ 'audit.off_host_sinks': 0 }, { 'audit.off_host_lag_minutes': 15.1 }],
  'RH-C05': [{ 'retention.kept_months': 11.9 }, { 'retention.searchable_months': 2.9 }],
  'RH-C06': [{ 'audit.is_enabled': false }, { 'audit.unrecorded_reads': ['exportAudit'] }],
  'RH-C07': [{ 'audit.reader_roles': ['auditor', 'viewer'] }],
  'RH-C08': [{ 'audit.recorded_actions': ['journal.closed'] }, { 'alerts.event_types': ['configuration.reloaded'] }],
  'RH-C09': [{ 'audit.recorded_actions': [] }, { 'alerts.event_types': ['authentication.failed'] }],
  'RH-C10': [{ 'audit.recorded_actions': ['principal.created'] }],
  'RH-C11': [{ 'audit.review_age_hours': 24 }, { 'audit.unacknowledged_findings': 1 }],
  'RH-C12': [{ 'clock.is_synchronised': false }, { 'clock.offset_ms': 1_000 }],
  'RH-C13': [{ 'principals.generic': ['operator'] }, { 'principals.root_quiet_hours': 23.9 }],
  'RH-C14': [{ 'principals.accounts': [{ id: 'joe' }, { id: 'jane', unused_days: 90 }] }],
  'RH-C15': [
    { 'idle.ways_in': [{ name: 'front_door', logs_off: false, after_minutes: 0 }] },
    { 'idle.ways_in': [{ name: 'front_door', logs_off: true, after_minutes: 15.1 }] },
  ],
  'RH-C16': [{ 'lockout.max_failures': 11 }, { 'lockout.lock_minutes': 29.9 }],
  'RH-C17': [{ 'password.min_length': 11 }, { 'password.needs_letters_and_digits': false }, { 'password.history': 3 }],
  'RH-C18': [{ 'secrets.is_sealed_at_rest': false }, { 'password.outdated_hashes': ['jane'] }],
  'RH-C19': [{ 'mfa.is_required_for_admins': false }, { 'mfa.is_required_for_remote': false }],
  'RH-C20': [
    { 'secrets.plain_in_configuration': ['webhooks[a].secret'] },
    { 'secrets.plain_in_environment': ['ROUNDHOUSE_TOKEN'] },
    { 'keys.items': [{ id: 'ci', principal: 'batch', age_days: 365.1 }] },
  ],
  'RH-C21': [{ 'policy.is_default_deny': false }, { 'policy.wildcard_admins': ['a', 'b', 'c'] }],
  'RH-C22': [{ 'access_review.age_days': 184 }],
  'RH-C23': [
    { 'tls.listeners': [{ name: 'api', is_loopback: false, is_tls: false, min_version: 0 }] },
    { 'tls.listeners': [{ name: 'api', is_loopback: false, is_tls: true, min_version: 1.1 }] },
    { 'tls.endpoints': [{ id: 'e', is_loopback: false, is_tls: true, is_verified: false, min_version: 1.2 }] },
    { 'tls.endpoints': [{ id: 'e', is_loopback: false, is_tls: false, is_verified: true, min_version: 1.2 }] },
    { 'tls.endpoints': [{ id: 'e', is_loopback: false, is_tls: true, is_verified: true, min_version: 1 }] },
  ],
  'RH-C24': [{ 'certificates.items': [{ name: 'api', days_left: 29.9 }] }],
  'RH-C25': [
    { 'defaults.accounts': ['admin'] },
    { 'defaults.has_example_token': true },
    { 'protocols.insecure_allowed': ['server.allow_plain'] },
  ],
  'RH-C26': [{ 'masking.channels': ['screens', 'logs', 'recordings'] }],
  'RH-C27': [
    { 'runtime.is_patched': false },
    { 'software.has_sbom': false },
    { 'software.vulnerable_dependencies': 1 },
    { 'software.dependency_audit_age_days': 7.1 },
  ],
  'RH-C28': [{ 'changes.without_author': 1 }, { 'changes.without_approver': 1 }, { 'changes.can_roll_back': false }],
  'RH-C29': [{ 'software.manifest_files': 0 }, { 'software.changed_files': ['dist/index.js'] }],
  'RH-C30': [{ 'backup.age_hours': 26.1 }, { 'backup.restore_tested_days': 93 }],
  'RH-C31': [{ 'retention.erased_without_certificate': 1 }],
  'RH-C32': [{ 'capacity.limits': [{ name: 'sessions', used_share: 0.81 }] }, { 'capacity.disk_free_share': 0.09 }],
};

describe('the rules of the product', () => {
  it('are 32, each with what breaks it in this test', () => {
    const ids = Array.from({ length: 32 }, (_, index) => `RH-C${String(index + 1).padStart(2, '0')}`);
    expect(RULES.map(({ id }) => id)).toEqual(ids);
    expect(Object.keys(FAILING).toSorted()).toEqual(ids);
  });

  it.each(RULES.map(({ id }) => id))('%s passes when all is well', (id) => {
    expect(statusOf(id, PASSING)).toBe('pass');
  });

  it.each(Object.entries(FAILING).flatMap(([id, ways]) => ways.map((way) => [id, way] as const)))(
    '%s fails with %j',
    (id, way) => {
      expect(statusOf(id, { ...PASSING, ...way })).toBe('fail');
    },
  );

  it.each(RULES.flatMap(({ id, needs }) => needs.map((name) => [id, name] as const)))(
    '%s is unknown without %s',
    (id, name) => {
      const { [name]: _, ...rest } = PASSING;
      expect(statusOf(id, rest)).toBe('unknown');
    },
  );

  it.each(Object.entries(FAILING).flatMap(([id, ways]) => ways.map((way) => [id, way] as const)))(
    '%s never passes with %j and nothing else',
    (id, way) => {
      expect(['fail', 'unknown']).toContain(statusOf(id, way));
    },
  );

  it('is unknown where an entry of a list lacks what is asked for, unless another one fails', () => {
    expect(statusOf('RH-C14', { ...PASSING, 'principals.accounts': [{ id: 'jane' }] })).toBe('unknown');
  });

  it.each([
    ['RH-C17', { 'password.local_accounts': [] }],
    ['RH-C24', { 'certificates.items': [] }],
    ['RH-C31', { 'retention.kept_months': 12_000 }],
  ] as const)('%s does not apply with %j', (id, way) => {
    expect(statusOf(id, { ...PASSING, ...way })).toBe('not_applicable');
  });

  it('are mapped as the profiles need it: all but two to PCI DSS, and each to HIPAA and SOC 2', () => {
    const missing = FRAMEWORKS.flatMap((framework) =>
      RULES.flatMap(({ id, mappings }) => (mappings?.[framework] === undefined ? [`${framework} ${id}`] : [])),
    );
    expect(missing).toEqual(['pci_dss RH-C30', 'pci_dss RH-C32']);
  });

  it('are of all types that there are', () => {
    expect(new Set(RULES.map(({ type }) => type))).toEqual(new Set(RULE_TYPES));
  });
});

describe('the profiles', () => {
  it('name rules and parameters that there are', () => {
    for (const { rules, parameters } of PROFILES) {
      const known = new Map(RULES.map((rule) => [rule.id, rule]));
      for (const id of rules ?? []) expect(known.has(id)).toBe(true);
      for (const [id, values] of Object.entries(parameters)) {
        expect(Object.keys(known.get(id)?.parameters ?? {})).toEqual(expect.arrayContaining(Object.keys(values)));
      }
    }
  });

  it('ask HIPAA for six years where PCI DSS asks for one, and for a second factor in the preview alone', () => {
    const facts = { ...PASSING, 'retention.kept_months': 24, 'mfa.is_required_for_admins': false };
    const of = (rule: string) =>
      ['pci_dss_4', 'hipaa', 'hipaa_nprm_preview', 'soc2'].map((profile) => statusOf(rule, facts, profile));
    expect(of('RH-C05')).toEqual(['pass', 'fail', 'fail', 'pass']);
    expect(of('RH-C19')).toEqual(['fail', undefined, 'fail', 'fail']);
  });
});
