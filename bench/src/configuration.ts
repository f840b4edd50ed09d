import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Figure, figure } from './figure.ts';
import { temporaryDirectory } from './installation.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';

const ENDPOINTS = 1_000;
const GROUPS = 20;
/** Loads of one process. */
const LOADS = 20;

/** How long it takes to read and check a large configuration: the first time, and again. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const processes = quick ? 1 : 7;
  await using parts = new AsyncDisposableStack();
  const directory = await temporaryDirectory(parts);
  const plain = join(directory, 'plain.yaml');
  const templates = join(directory, 'templates.yaml');
  const text = plainText();
  await writeFile(plain, text);
  await writeFile(templates, templateText());
  const plainTimes: (readonly number[])[] = [];
  const templateTimes: (readonly number[])[] = [];
  for (let run = 0; run < processes; run++) {
    plainTimes.push(await loadTimes(plain));
    templateTimes.push(await loadTimes(templates));
  }
  return {
    title: `Configuration of ${ENDPOINTS.toLocaleString('en')} endpoints`,
    figures: [
      ...figuresOf('plain', 'written out', plainTimes),
      ...figuresOf('templates', 'from a template', templateTimes),
    ],
    notes: [
      `${processes} ${processes === 1 ? 'process' : 'processes'} for each file, each with ${LOADS} loads one after another, timed inside without the start of Node.js; ${GROUPS} groups.`,
      `Written out: ${text.split('\n').length.toLocaleString('en')} lines with host, port, group, limits, probe and labels for each endpoint.`,
      'A load is what `roundhouse config check` does: read, parse, compose, check shape, references and conflicts, and ask the machine for ports, places and descriptors.',
    ],
  };
}

/** ms of each load in a fresh process. */
async function loadTimes(file: string): Promise<readonly number[]> {
  await using child = await startScript(scriptPath('configurationLoads'), file, LOADS);
  return await child.next<readonly number[]>();
}

function figuresOf(id: string, label: string, processes: readonly (readonly number[])[]): Figure[] {
  return [
    figure(
      `config.${id}.first_ms`,
      `${label}, first load`,
      'ms',
      processes.map(([first]) => first as number),
    ),
    figure(
      `config.${id}.later_ms`,
      `${label}, later loads`,
      'ms',
      processes.flatMap((times) => times.slice(1)),
    ),
  ];
}

function groupsText(): string[] {
  return ['endpoint_groups:', ...Array.from({ length: GROUPS }, (_, index) => `  - id: group-${index}`)];
}

function plainText(): string {
  const endpoints = Array.from({ length: ENDPOINTS }, (_, index) => [
    `  - id: endpoint-${index}`,
    `    host: host-${index}.example.com`,
    '    port: 992',
    '    tls: true',
    `    group: group-${index % GROUPS}`,
    '    max_sessions: 500',
    '    probe: { kind: tn3270, interval_ms: 10000 }',
    '    labels:',
    `      site: site-${index % 7}`,
    '      stage: production',
  ]);
  return [...groupsText(), 'endpoints:', ...endpoints.flat(), ''].join('\n');
}

function templateText(): string {
  return [
    'templates:',
    '  mainframe:',
    '    parameters: { name: string, site: string }',
    '    body:',
    '      host: "${with.name}.example.com"',
    '      port: 992',
    '      tls: true',
    '      max_sessions: 500',
    '      probe: { kind: tn3270, interval_ms: 10000 }',
    '      labels: { site: "${with.site}", stage: production }',
    ...groupsText(),
    'endpoints:',
    ...Array.from({ length: ENDPOINTS }, (_, index) => [
      `  - id: endpoint-${index}`,
      `    use: { template: mainframe, with: { name: host-${index}, site: site-${index % 7} } }`,
      `    group: group-${index % GROUPS}`,
    ]).flat(),
    '',
  ].join('\n');
}
