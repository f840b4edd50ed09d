import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { Figure } from './figure.ts';
import { judge } from './gate.ts';
import type { Section } from './section.ts';

/** Where the figures come from: they mean little without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly runtime: string;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    runtime: `Node.js ${process.version}, V8 ${process.versions.v8}`,
  };
}

export function machineLine({ cpu, cores, memoryGb, system, runtime }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, ${runtime}`;
}

const HEADINGS = ['', 'median', 'min … max', 'unit', 'peer', 'ratio', 'bar'] as const;
/** Columns of words; numbers stand to the right. */
const LEFT = new Set([0, 3, 6]);

/** A table for people. */
export function renderSection({ title, figures, notes }: Section): string {
  const peer = figures.find((each) => each.peer !== undefined)?.peer?.name;
  const headings = HEADINGS.map((heading) =>
    heading === 'peer' ? (peer ?? '') : heading === 'ratio' && peer === undefined ? '' : heading,
  );
  const rows = [headings, ...figures.map(rowOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] as number, column))
      .join('  ')
      .trimEnd(),
  );
  return [title, ...lines.map((line) => `  ${line}`), ...notes.map((note) => `  - ${note}`), ''].join('\n');
}

export function renderFailure(name: string, reason: string): string {
  return `${name} did not run: ${reason}\n`;
}

function rowOf(figure: Figure): string[] {
  const { label, unit, median, min, max, samples, peer } = figure;
  return [
    label,
    number(median),
    samples === 1 ? '' : `${number(min)} … ${number(max)}`,
    unit,
    peer === undefined ? '' : number(peer.median),
    peer === undefined || !Number.isFinite(peer.ratio) ? '' : peer.ratio.toPrecision(3),
    barOf(figure),
  ];
}

function barOf(figure: Figure): string {
  const verdict = judge(figure);
  if (verdict === undefined) return '';
  const { bar, met } = verdict;
  return `${met ? 'met' : 'NOT MET'}: ${bar.of === 'ratio' ? 'ratio ' : ''}${bar.bound} ${number(bar.limit)}`;
}

/** Three significant digits, but never fewer than the whole part. */
function number(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

function pad(cell: string, width: number, column: number): string {
  return LEFT.has(column) ? cell.padEnd(width) : cell.padStart(width);
}
