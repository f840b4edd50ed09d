import {
  compileRule,
  type MonitorSettings,
  type Parameters,
  type Profile,
  PROFILES,
  type Rule,
  RULES,
} from '@roundhouse/audit/compliance';
import type { ComplianceOptions } from './options.ts';

const INTERVAL_MS = 3_600_000;

type ParametersByRule = Readonly<Record<string, Parameters>>;

/** What the monitor works by. Raises COMPLIANCE_EXPRESSION_INVALID where the options were not checked. */
export function monitorSettings(options: ComplianceOptions = {}): MonitorSettings {
  const { profile = 'all', interval_ms: intervalMs = INTERVAL_MS, waivers = [] } = options;
  return {
    rules: [...RULES, ...ownRules(options)],
    profiles: [...PROFILES, ...ownProfiles(options)].map((each) => overlaid(each, options.parameters ?? {})),
    waivers: waivers.map(({ expires, ...waiver }) => ({ ...waiver, expiresAt: Date.parse(expires) })),
    profile,
    intervalMs,
  };
}

function ownRules({ rules = [] }: ComplianceOptions): Rule[] {
  return rules.map(({ remediation, applies, parameters, mappings, ...rule }) =>
    compileRule({
      ...rule,
      remediation: { text: remediation },
      ...(applies === undefined ? {} : { applies }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(mappings === undefined ? {} : { mappings: Object.fromEntries(Object.entries(mappings)) }),
    }),
  );
}

function ownProfiles({ profiles = [] }: ComplianceOptions): Profile[] {
  return profiles.map(({ notes = '', parameters = {}, ...profile }) => ({ ...profile, notes, parameters }));
}

/** What the operator says stands above what the profile says. */
function overlaid(profile: Profile, above: ParametersByRule): Profile {
  const ids = new Set([...Object.keys(profile.parameters), ...Object.keys(above)]);
  const parameters = Object.fromEntries([...ids].map((id) => [id, { ...profile.parameters[id], ...above[id] }]));
  return { ...profile, parameters };
}
