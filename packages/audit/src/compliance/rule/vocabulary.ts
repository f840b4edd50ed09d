export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type RuleSeverity = (typeof SEVERITIES)[number];

/** What a rule is about. */
export const RULE_TYPES = [
  'access_control',
  'data_retention',
  'encryption_required',
  'audit_mandatory',
  'timeout_required',
  'password_policy',
  'other',
] as const;
export type RuleType = (typeof RULE_TYPES)[number];

/**
 * Requirements that a rule is evidence for: PCI DSS 4.0.1 by number, 45 CFR 164 by paragraph, the Trust Services
 * Criteria of 2017 (revised points of focus, 2022) by number. A mapping says where to look, not that it is enough.
 */
export const FRAMEWORKS = ['pci_dss', 'hipaa', 'soc2'] as const;
export type Framework = (typeof FRAMEWORKS)[number];
