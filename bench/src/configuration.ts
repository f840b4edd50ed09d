import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Figure, figure } from './figure.ts';
import { temporaryDirectory } from './installation.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';

const ENDPOINTS = 1_000;
const GROUPS = 20;
const SITES = 7;
/** Loads of one process. */
const LOADS = 20;

const TEMPLATE = [
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
];

/** A way to write the same configuration. */
interface Form {
  readonly id: string;
  readonly label: string;
  readonly text: string;
}

const FORMS: readonly Form[] = [
  { id: 'short', label: 'a line each', text: fileOf([], shortEndpoint) },
  { id: 'long', label: 'ten lines each', text: fileOf([], longEndpoint) },
  { id: 'templates', label: 'from a template', text: fileOf(TEMPLATE, endpointOfTemplate) },
];

/** How long it takes to read and check a large configuration: the first time, and again. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const processes = quick ? 1 : 7;
  await using parts = new AsyncDisposableStack();
  const directory = await temporaryDirectory(parts);
  const times = new Map<Form, (readonly number[])[]>(FORMS.map((form) => [form, []]));
  for (let run = 0; run < processes; run++) {
    for (const [form, ofForm] of times) {
      const file = join(directory, `${form.id}.yaml`);
      await writeFile(file, form.text);
      ofForm.push(await loadTimes(file));
    }
  }
  return {
    title: `Configuration of ${ENDPOINTS.toLocaleString('en')} endpoints`,
    figures: [...times].flatMap(([form, ofForm]) => figuresOf(form, ofForm)),
    notes: [
      `${processes} ${processes === 1 ? 'process' : 'processes'} for each file, each with ${LOADS} loads one after another, timed inside without the start of Node.js; ${GROUPS} groups.`,
      'A line each: host, port, TLS, group and a label, as the README writes them. Ten lines each: limit, probe and another label as well. From a template: the same, but for what the template says.',
      'A load is what `roundhouse config check` does: read, parse, compose, check shape, references and conflicts, and ask the machine for ports, places and descriptors.',
      'A first load runs code that is yet to be compiled: on one core it takes up to twice the time of two.',
    ],
  };
}

/** ms of each load in a fresh process. */
async function loadTimes(file: string): Promise<readonly number[]> {
  await using child = await startScript(scriptPath('configurationLoads'), file, LOADS);
  return await child.next<readonly number[]>();
}

function figuresOf({ id, label }: Form, processes: readonly (readonly number[])[]): Figure[] {
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

function fileOf(head: readonly string[], endpointOf: (index: number) => readonly string[]): string {
  const groups = Array.from({ length: GROUPS }, (_, index) => `  - id: group-${index}`);
  const endpoints = Array.from({ length: ENDPOINTS }, (_, index) => endpointOf(index)).flat();
  return [...head, 'endpoint_groups:', ...groups, 'endpoints:', ...endpoints, ''].join('\n');
}

function shortEndpoint(index: number): readonly string[] {
  const group = `group-${index % GROUPS}`;
  return [
    `  - { id: endpoint-${index}, host: host-${index}.example.com, port: 992, tls: true, group: ${group}, labels: { site: ${siteOf(index)} } }`,
  ];
}

function longEndpoint(index: number): readonly string[] {
  return [
    `  - id: endpoint-${index}`,
    `    host: host-${index}.example.com`,
    '    port: 992',
    '    tls: true',
    `    group: group-${index % GROUPS}`,
    '    max_sessions: 500',
    '    probe: { kind: tn3270, interval_ms: 10000 }',
    '    labels:',
    `      site: ${siteOf(index)}`,
    '      stage: production',
  ];
}

function endpointOfTemplate(index: number): readonly string[] {
  return [
    `  - id: endpoint-${index}`,
    `    use: { template: mainframe, with: { name: host-${index}, site: ${siteOf(index)} } }`,
    `    group: group-${index % GROUPS}`,
  ];
}

function siteOf(index: number): string {
  return `site-${index % SITES}`;
}
