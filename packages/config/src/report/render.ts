import type { Diagnostic, Location, Severity } from './diagnostic.ts';
import { printable, textWidth } from './width.ts';

export interface RenderOptions {
  /** Default false. */
  readonly color?: boolean;
  /** Errors that were found but are not among the diagnostics. */
  readonly omitted?: number;
}

/** Diagnostics for people: code, cause, place, the line with the fault underlined, what was expected, what may help. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions = {}): string {
  const paint = options.color === true ? colored : plain;
  const blocks = diagnostics.map((diagnostic) => renderOne(diagnostic, paint));
  const omitted = options.omitted ?? 0;
  const count = countOf(diagnostics, omitted, paint);
  return [...blocks, ...(count === '' ? [] : [count])].map((block) => `${block}\n`).join('\n');
}

type Tone = Severity | 'frame' | 'help' | 'strong';
type Paint = (tone: Tone, text: string) => string;

const TONES: Readonly<Record<Tone, string>> = {
  error: '1;31',
  warning: '1;33',
  frame: '1;34',
  help: '1;36',
  strong: '1',
};

const plain: Paint = (_tone, text) => text;
const colored: Paint = (tone, text) => (text === '' ? '' : `\u001B[${TONES[tone]}m${text}\u001B[0m`);

function renderOne(diagnostic: Diagnostic, paint: Paint): string {
  const { severity, code, message, expected, suggestion, hint, related } = diagnostic;
  const width = Math.max(1, ...[diagnostic, ...related].map(({ line }) => String(line ?? '').length));
  const margin = ' '.repeat(width);
  const lines = [
    `${paint(severity, `${severity}[${code}]`)}${paint('strong', `: ${printable(message)}`)}`,
    `${margin}${paint('frame', '-->')} ${printable(placeText(diagnostic))}`,
    ...excerptLines(diagnostic, margin, '^', expected === undefined ? '' : `expected ${expected}`, severity, paint),
  ];
  if (diagnostic.excerpt === undefined && expected !== undefined) lines.push(note(margin, 'expected', expected, paint));
  for (const place of related) {
    lines.push(`${margin}${paint('frame', ':::')} ${printable(placeText(place))}`);
    lines.push(...excerptLines(place, margin, '-', place.message, 'frame', paint));
    if (place.excerpt === undefined) lines.push(note(margin, 'note', place.message, paint));
  }
  if (suggestion !== undefined) lines.push(note(margin, 'help', `did you mean \`${suggestion}\`?`, paint));
  else lines.push(note(margin, 'help', hint, paint));
  return lines.join('\n');
}

function placeText({ file, line, column }: Location): string {
  return line === undefined ? file : `${file}:${line}:${column ?? 1}`;
}

function excerptLines(
  { line, excerpt }: Location,
  margin: string,
  mark: string,
  label: string,
  tone: Tone,
  paint: Paint,
): string[] {
  if (line === undefined || excerpt === undefined) return [];
  const { text, from, to } = excerpt;
  const before = textWidth(printable(text.slice(0, from)));
  const marks = mark.repeat(Math.max(1, textWidth(printable(text.slice(from, to)))));
  const bar = paint('frame', '|');
  const number = paint('frame', String(line).padStart(margin.length));
  const words = label === '' ? '' : ` ${printable(label)}`;
  return [
    `${margin} ${bar}`,
    `${number} ${bar} ${printable(text)}`.trimEnd(),
    `${margin} ${bar} ${' '.repeat(before)}${paint(tone, `${marks}${words}`)}`,
  ];
}

function note(margin: string, title: string, text: string, paint: Paint): string {
  return `${margin} ${paint('frame', '=')} ${paint('help', title)}: ${printable(text)}`;
}

function countOf(diagnostics: readonly Diagnostic[], omitted: number, paint: Paint): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const counts = [
    ...(errors > 0 ? [paint('error', `${many(errors, 'error')}${omitted > 0 ? ` and ${omitted} more` : ''}`)] : []),
    ...(warnings > 0 ? [paint('warning', many(warnings, 'warning'))] : []),
  ];
  return counts.join(', ');
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Diagnostics for programs: JSON with `snake_case` names. */
export function diagnosticsToJson(diagnostics: readonly Diagnostic[], omitted = 0): Record<string, unknown> {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return {
    errors: errors + omitted,
    warnings: diagnostics.length - errors,
    omitted,
    diagnostics: diagnostics.map((diagnostic) => snakeCase(diagnostic)),
  };
}

function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  );
}
