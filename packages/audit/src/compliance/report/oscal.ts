import type { ComplianceReport, ReportedResult } from './report.ts';
import { uuidOf } from './uuid.ts';

/** NIST OSCAL, assessment results model: https://pages.nist.gov/OSCAL-Reference/models/v1.1.2/assessment-results/. */
const OSCAL_VERSION = '1.1.2';
const NAMESPACE = 'urn:roundhouse:compliance';

type Json = Readonly<Record<string, unknown>>;

/**
 * The report as OSCAL assessment results: an observation for each rule, a finding for each that has a result, a risk for
 * each that fails, is waived or is not known. The same report gives the same document, identifiers included.
 */
export function oscalReport(report: ComplianceReport): Json {
  const { digest, generated_at: at, profile, product, results } = report;
  const id = (...words: readonly string[]): string => uuidOf(digest, ...words);
  const judged = results.filter(({ status }) => status !== 'not_applicable');
  const atRisk = judged.filter(({ status }) => status !== 'pass');
  return {
    'assessment-results': {
      uuid: id('assessment-results'),
      metadata: {
        title: `${product.name} compliance evidence: ${profile.title}`,
        'last-modified': at,
        version: product.version,
        'oscal-version': OSCAL_VERSION,
        props: [prop('report-digest', digest), prop('profile', profile.id)],
        remarks: report.statement,
      },
      'import-ap': { href: `#${id('assessment-plan')}` },
      results: [
        {
          uuid: id('result'),
          title: profile.title,
          description: `${profile.notes} ${report.statement}`,
          start: at,
          end: at,
          'reviewed-controls': {
            'control-selections': [
              { 'include-controls': results.map(({ rule }) => ({ 'control-id': controlOf(rule) })) },
            ],
          },
          ...someOf(
            'observations',
            results.map((result) => observation(result, at, id)),
          ),
          ...someOf(
            'risks',
            atRisk.map((result) => risk(result, id)),
          ),
          ...someOf(
            'findings',
            judged.map((result) => finding(result, id)),
          ),
        },
      ],
      'back-matter': {
        resources: [
          {
            uuid: id('assessment-plan'),
            title: `Profile ${profile.id}`,
            description: `The rules of the profile ${profile.id}, evaluated by the software over its own state. There is no assessment plan besides.`,
          },
        ],
      },
    },
  };
}

type Identify = (...words: readonly string[]) => string;

function observation(result: ReportedResult, at: string, id: Identify): Json {
  const { rule, title, status, reason, evidence, expression } = result;
  return {
    uuid: id('observation', rule),
    title: `${rule}: ${title}`,
    description: reason ?? `The rule was evaluated as ${status}.`,
    props: [prop('status', status), prop('severity', result.severity), ...mappingProps(result)],
    methods: ['TEST'],
    types: ['control-objective'],
    'relevant-evidence': [
      {
        description: `Facts that ${expression} was evaluated over.`,
        props: [prop('evidence-digest', evidence.digest)],
        remarks: JSON.stringify({ parameters: evidence.parameters, facts: evidence.facts }),
      },
    ],
    collected: at,
  };
}

/** Only what passed is satisfied. */
function finding(result: ReportedResult, id: Identify): Json {
  const { rule, title, status } = result;
  const isPass = status === 'pass';
  return {
    uuid: id('finding', rule),
    title: `${rule}: ${title}`,
    description: descriptionOf(result),
    target: {
      type: 'objective-id',
      'target-id': controlOf(rule),
      status: {
        state: isPass ? 'satisfied' : 'not-satisfied',
        reason: status === 'pass' || status === 'fail' ? status : 'other',
        remarks: status,
      },
    },
    'related-observations': [{ 'observation-uuid': id('observation', rule) }],
    ...(isPass ? {} : { 'related-risks': [{ 'risk-uuid': id('risk', rule) }] }),
  };
}

function risk(result: ReportedResult, id: Identify): Json {
  const { rule, title, status, remediation, waiver } = result;
  const isWaived = status === 'waived' && waiver !== null;
  return {
    uuid: id('risk', rule),
    title: `${rule}: ${title}`,
    description: descriptionOf(result),
    statement: isWaived ? `Accepted by ${waiver.owner}: ${waiver.reason}` : `The rule is ${status}.`,
    status: isWaived ? 'deviation-approved' : 'open',
    ...(isWaived ? { deadline: waiver.expires_at } : {}),
    remediations: [
      {
        uuid: id('remediation', rule),
        lifecycle: 'recommendation',
        title: 'What makes it pass',
        description:
          remediation.configuration === null
            ? remediation.text
            : `${remediation.text}\n\n${remediation.configuration.trimEnd()}`,
      },
    ],
    'related-observations': [{ 'observation-uuid': id('observation', rule) }],
  };
}

function descriptionOf({ status, would_be: wouldBe, reason }: ReportedResult): string {
  const what = wouldBe === null ? `Evaluated as ${status}.` : `Evaluated as ${wouldBe}, and waived.`;
  return reason === null ? what : `${what} ${reason}`;
}

function mappingProps({ mappings }: ReportedResult): Json[] {
  return Object.entries(mappings).flatMap(([framework, numbers]) =>
    numbers.map((number) => prop(framework.replace('_', '-'), number)),
  );
}

function prop(name: string, value: string): Json {
  return { name, ns: NAMESPACE, value };
}

/** A token of OSCAL: it begins with a letter or an underscore. */
function controlOf(rule: string): string {
  const token = rule.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '-');
  return /^[a-z_]/.test(token) ? token : `_${token}`;
}

/** An empty list is not allowed there. */
function someOf(name: string, list: readonly Json[]): Json {
  return list.length === 0 ? {} : { [name]: list };
}
