import type { Framework } from '../rule/vocabulary.ts';
import type { Profile } from '../rule/profile.ts';
import { RULES } from './rules.ts';

const SIX_YEARS = { kept_months: 72, searchable_months: 3 };

function mappedTo(framework: Framework, ...without: readonly string[]): readonly string[] {
  return RULES.filter(({ id, mappings }) => mappings?.[framework] !== undefined && !without.includes(id)).map(
    ({ id }) => id,
  );
}

/** The profiles of the product. */
export const PROFILES: readonly Profile[] = [
  {
    id: 'all',
    title: 'All rules',
    notes: 'Every rule with its own parameters, own rules included.',
    rules: undefined,
    parameters: {},
  },
  {
    id: 'pci_dss_4',
    title: 'PCI DSS 4.0.1',
    notes: 'Check the wording of each requirement against the licensed text of PCI DSS v4.0.1.',
    rules: mappedTo('pci_dss'),
    parameters: {},
  },
  {
    id: 'hipaa',
    title: 'HIPAA Security Rule',
    notes:
      '45 CFR 164 subpart C as it is in force. Records are asked for six years (164.316(b)(2)(i)); a second factor is not required yet and is part of the preview.',
    // 164.312(d) asks for authentication, not for a second factor.
    rules: mappedTo('hipaa', 'RH-C19'),
    parameters: { 'RH-C05': SIX_YEARS },
  },
  {
    id: 'hipaa_nprm_preview',
    title: 'HIPAA Security Rule, proposed changes',
    notes:
      'The notice of proposed rulemaking of January 2025 (90 FR 898), which makes encryption and a second factor mandatory. It was only proposed in mid-2026: a preview, not a requirement.',
    rules: mappedTo('hipaa'),
    parameters: { 'RH-C05': SIX_YEARS },
  },
  {
    id: 'soc2',
    title: 'SOC 2',
    notes:
      'Trust Services Criteria of 2017 with the points of focus of 2022: evidence for an examination, not a part of one.',
    rules: mappedTo('soc2'),
    parameters: {},
  },
];
