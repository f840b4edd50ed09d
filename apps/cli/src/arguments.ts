import { nearest } from '@roundhouse/core';
import type { Option } from 'commander';
import { cliError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500`, `500ms`, `5s`, `2m`, `1h` or `90d`, in ms. */
export function parseDuration(text: string): number {
  const duration = durationOf(text);
  if (duration !== undefined) return duration;
  throw cliError('ARGUMENT_INVALID', {
    details: { argument: `time "${text}"`, reason: 'write it like 500ms, 5s, 2m, 1h or 90d' },
  });
}

function durationOf(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d|)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (UNITS[match[2] as string] as number);
}

/** A moment, RFC 3339: written out, or so long before `nowMs`, ms since 1970. */
export function momentBefore(nowMs: number, text: string): string {
  return momentOf(text, (duration) => nowMs - duration);
}

/** A moment, RFC 3339: written out, or so long after `nowMs`, ms since 1970. */
export function momentAfter(nowMs: number, text: string): string {
  return momentOf(text, (duration) => nowMs + duration);
}

function momentOf(text: string, from: (duration: number) => number): string {
  const duration = durationOf(text);
  const date = new Date(duration === undefined ? text : from(duration));
  const isWritten = duration !== undefined || /^\d{4}-\d\d-\d\d/.test(text);
  if (isWritten && !Number.isNaN(date.getTime())) return date.toISOString();
  throw cliError('ARGUMENT_INVALID', {
    details: { argument: `time "${text}"`, reason: 'write it like 30m, 90d or 2026-01-31T12:00:00Z' },
  });
}

export function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw cliError('ARGUMENT_INVALID', { details: { argument: `number "${text}"`, reason: 'digits are wanted' } });
}

/** One of the names of `kind`, in any case of letters. */
export function parseName<N extends string>(kind: string, text: string, names: readonly N[]): N {
  const name = names.find((each) => each.toLowerCase() === text.toLowerCase());
  if (name !== undefined) return name;
  const suggestion = nearest(text, names);
  const reason = suggestion === undefined ? `there is no such ${kind}` : `did you mean ${suggestion}?`;
  throw cliError('ARGUMENT_INVALID', { details: { argument: `${kind} "${text}"`, reason } });
}

/** `ROW,COLUMN`, both from 1. */
export function parsePosition(text: string): { row: number; column: number } {
  const match = /^(\d{1,5}),(\d{1,5})$/.exec(text);
  if (match !== null) return { row: Number(match[1]), column: Number(match[2]) };
  throw cliError('ARGUMENT_INVALID', { details: { argument: `position "${text}"`, reason: 'write it like 5,20' } });
}

/** One word of a command line: the value of an option, or an operand. */
export type Word =
  | { readonly option: string; readonly value: string | undefined }
  | { readonly option: undefined; readonly value: string };

/** The words of a command line in the order they stand in, which commander does not keep between options and operands. */
export function* wordsInOrder(argv: readonly string[], options: readonly Option[]): Generator<Word> {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === '--') {
      for (const value of argv.slice(at + 1)) yield { option: undefined, value };
      return;
    }
    const [flag, inline] = splitFlag(word);
    const option = options.find((each) => each.long === flag);
    if (option === undefined) yield { option: undefined, value: word };
    else if (option.required && inline === undefined) yield { option: flag, value: argv[++at] };
    else yield { option: flag, value: inline };
  }
}

function splitFlag(word: string): [flag: string, inline: string | undefined] {
  const equals = word.indexOf('=');
  return word.startsWith('--') && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word, undefined];
}
