import type { WorkerInput } from '@roundhouse/api';
import { stringify } from 'yaml';
import { escapeControls, printable } from '../render.ts';

/** What could be taken over of a file. */
export interface ImportedFile {
  readonly name: string;
  readonly workers: readonly WorkerInput[];
  /** What could not; one that is about a worker begins with its id and a colon. */
  readonly notes: readonly string[];
}

/** The section `workers` of a configuration file; what is to be known of a worker stands over it. */
export function importYaml(format: string, files: readonly ImportedFile[]): string {
  const notes = files.flatMap((file) => file.notes);
  const workers = files.flatMap((file) => file.workers);
  const ids = new Set(workers.map(({ id }) => id));
  const general = notes.filter((note) => !ids.has(subjectOf(note)));
  const lines = [
    `# Taken over from ${format}: ${files.map(({ name }) => (name === '-' ? 'standard input' : name)).join(', ')}`,
    ...general.map((note) => `# ${note}`),
  ];
  const head = lines.map((line) => `${printable(line)}\n`).join('');
  if (workers.length === 0) return `${head}workers: []\n`;
  return `${head}workers:\n${workers.map((worker) => itemText(worker, notes)).join('')}`;
}

function itemText(worker: WorkerInput, notes: readonly string[]): string {
  const own = notes.filter((note) => subjectOf(note) === worker.id).map((note) => note.slice(worker.id.length + 2));
  const comments = own.map((note) => `  # ${printable(note)}\n`).join('');
  const item = escapeControls(stringify([literal(worker)], { lineWidth: 0 }));
  return comments + item.replace(/^(?=.)/gm, '  ');
}

function subjectOf(note: string): string {
  return note.slice(0, Math.max(0, note.indexOf(': ')));
}

/** A configuration file would take `${` for a variable. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, literal(each)]));
}
