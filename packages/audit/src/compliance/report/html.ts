import type { Status } from '../assess.ts';
import type { ComplianceReport, ReportedFact, ReportedResult } from './report.ts';

/** Words for people; colour alone says nothing (WCAG 2.2, 1.4.1). */
const WORDS: Readonly<Record<Status, string>> = {
  pass: 'Pass',
  fail: 'Fail',
  waived: 'Waived',
  not_applicable: 'Not applicable',
  unknown: 'Unknown',
};
/** What wants attention stands first. */
const ORDER: readonly Status[] = ['fail', 'unknown', 'waived', 'pass', 'not_applicable'];

/** Contrast of text to its ground is 4.5 or more in both schemes. */
const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --ground: #ffffff; --faint: #57606a; --line: #d0d7de; --soft: #f6f8fa;
  --fail: #a40e26; --unknown: #7d4e00; --waived: #6639ba; --pass: #116329; --not_applicable: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --ground: #0d1117; --faint: #9ea7b3; --line: #3d444d; --soft: #161b22;
  --fail: #ff938a; --unknown: #e3b341; --waived: #d2a8ff; --pass: #7ee787; --not_applicable: #9ea7b3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 70rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; } h3 { margin: 0; font-size: 1rem; }
p { margin: .4rem 0; } .faint { color: var(--faint); } code, pre { font: .875em/1.45 ui-monospace, monospace; }
pre { margin: .4rem 0; padding: .6rem; overflow-x: auto; background: var(--soft); border: 1px solid var(--line); border-radius: 4px; }
.notice { padding: .6rem .8rem; border-left: 4px solid var(--faint); background: var(--soft); }
table { width: 100%; border-collapse: collapse; } th, td { padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; } caption { padding: .3rem 0; text-align: left; font-weight: 600; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; list-style: none; }
.counts li { padding: .4rem .8rem; border: 1px solid var(--line); border-radius: 4px; } .counts b { font-size: 1.3rem; }
article { margin: 1rem 0; padding: .8rem 1rem; border: 1px solid var(--line); border-left-width: 6px; border-radius: 4px; }
.status { font-weight: 700; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; } dt { color: var(--faint); } dd { margin: 0; }
${ORDER.map((status) => `.${status} { color: var(--${status}); } article.is-${status} { border-left-color: var(--${status}); }`).join('\n')}
a { color: inherit; } .skip { position: absolute; left: -100rem; } .skip:focus { left: 1rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } article { break-inside: avoid; } pre { white-space: pre-wrap; } .skip { display: none; } }
`;

/** The report as one page without anything from elsewhere: to read, to print, to keep. */
export function htmlReport(report: ComplianceReport): string {
  const { generated_at: at, product, profile, statement, summary, digest, results } = report;
  const title = `Compliance evidence: ${profile.title}`;
  const sorted = results.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#results">To the results</a>
<header>
<h1>${escape(title)}</h1>
<p class="faint">${escape(product.name)} ${escape(product.version)} · <time datetime="${at}">${at}</time></p>
<p>${escape(profile.notes)}</p>
<p class="notice">${escape(statement)}</p>
</header>
<main>
<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<ul class="counts">${ORDER.map((status) => `<li><b class="${status}">${summary[status]}</b> ${WORDS[status]}</li>`).join('')}</ul>
<p class="faint">Digest of the results: <code>${escape(digest)}</code></p>
${overview(sorted)}
</section>
<section aria-labelledby="results">
<h2 id="results">Results</h2>
${sorted.map(article).join('\n')}
</section>
</main>
</body>
</html>
`;
}

function overview(results: readonly ReportedResult[]): string {
  const rows = results.map(
    ({ rule, title, severity, status }) =>
      `<tr><th scope="row"><a href="#${anchor(rule)}">${escape(rule)}</a></th><td>${escape(title)}</td><td>${severity}</td><td class="status ${status}">${WORDS[status]}</td></tr>`,
  );
  return `<table>
<caption>All rules, those that want attention first</caption>
<thead><tr><th scope="col">Rule</th><th scope="col">What is so when it passes</th><th scope="col">Severity</th><th scope="col">Result</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table>`;
}

function article(result: ReportedResult): string {
  const { rule, title, severity, status, would_be: wouldBe, reason, mappings, limits, expression, evidence } = result;
  const { remediation, waiver } = result;
  const numbers = [
    ['PCI DSS 4.0.1', mappings.pci_dss],
    ['45 CFR 164.', mappings.hipaa],
    ['SOC 2', mappings.soc2],
  ] as const;
  const waived =
    waiver &&
    `${escape(waiver.owner)}, until ${waiver.expires_at}${waiver.is_expired ? ' (expired: it does not count)' : ''}: ${escape(waiver.reason)}`;
  const facts = [
    [
      'Result',
      `<span class="status ${status}">${WORDS[status]}</span>${wouldBe === null ? '' : ` (would be ${WORDS[wouldBe].toLowerCase()})`}`,
    ],
    ['Severity', severity],
    ['Why', reason === null ? null : escape(reason)],
    ['Waiver', waived],
    ...numbers.map(([name, list]) => [name, list.length === 0 ? null : escape(list.join(', '))] as const),
    ['Limits', limits === null ? null : escape(limits)],
    ['Expression', `<code>${escape(expression)}</code>`],
    ['Parameters', escapedParameters(evidence.parameters)],
    ['Digest', `<code>${escape(evidence.digest)}</code>`],
  ] as const;
  const lines = facts.flatMap(([name, text]) => (text === null ? [] : [`<dt>${name}</dt><dd>${text}</dd>`]));
  return `<article class="is-${status}" id="${anchor(rule)}" aria-labelledby="${anchor(rule)}-title">
<h3 id="${anchor(rule)}-title">${escape(rule)}: ${escape(title)}</h3>
<dl>${lines.join('')}</dl>
${factTable(evidence.facts)}
<p><strong>What makes it pass.</strong> ${escape(remediation.text)}</p>
${remediation.configuration === null ? '' : `<pre tabindex="0" aria-label="Configuration">${escape(remediation.configuration.trimEnd())}</pre>`}
</article>`;
}

function escapedParameters(parameters: ReportedResult['evidence']['parameters']): string | null {
  const entries = Object.entries(parameters);
  if (entries.length === 0) return null;
  return `<code>${escape(entries.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', '))}</code>`;
}

function factTable(facts: readonly ReportedFact[]): string {
  const rows = facts.map(
    ({ name, state, value, code, source, at }) =>
      `<tr><th scope="row"><code>${escape(name)}</code></th><td>${state === 'known' ? `<code>${escape(JSON.stringify(value))}</code>` : `<span class="unknown">unknown</span> (<code>${escape(code ?? '')}</code>)`}</td><td>${escape(source)}</td><td>${at}</td></tr>`,
  );
  return `<table>
<caption>Evidence</caption>
<thead><tr><th scope="col">Fact</th><th scope="col">Value</th><th scope="col">Source</th><th scope="col">Found at</th></tr></thead>
<tbody>${rows.join('')}</tbody>
</table>`;
}

function anchor(rule: string): string {
  return `rule-${escape(rule)}`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
