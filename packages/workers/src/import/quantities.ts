import { SIGNALS } from '@roundhouse/api';
import type { Signal } from '../spec/spec.ts';

/** Numbers with units as other supervisors write them. */

const KIBI = 1_024;

/** `512`, `200K`, `50MB`, `1G`: bytes, by powers of 1,024 as PM2, supervisord and systemd have them. */
export function binaryBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)B?$/i.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  return Math.round(Number(number) * KIBI ** ' KMGT'.indexOf(unit.toUpperCase() || ' '));
}

const MAX_SPAN = 64;
const SPAN_UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(us|usec|µs)$/, 0.001],
  [/^(ms|msec)$/, 1],
  [/^(|s|sec|seconds?)$/, 1_000],
  [/^(m|min|minutes?)$/, 60_000],
  [/^(h|hr|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
  [/^(w|weeks?)$/, 604_800_000],
];

/** `90`, `5s`, `2min 200ms`: ms, as systemd.time(7) has them; undefined for `infinity` too. */
export function spanMs(text: string): number | undefined {
  if (text.length > MAX_SPAN) return undefined;
  const parts = [...text.matchAll(/\s*(\d{1,12}(?:\.\d{1,6})?)\s*([a-zµ]*)\s*/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  let total = 0;
  for (const [, number, unit = ''] of parts) {
    const factor = SPAN_UNITS.find(([names]) => names.test(unit))?.[1];
    if (factor === undefined) return undefined;
    total += Number(number) * factor;
  }
  return Math.round(total);
}

const SIGNAL_NUMBERS: Readonly<Record<string, Signal>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  9: 'KILL',
  10: 'USR1',
  12: 'USR2',
  15: 'TERM',
};

/** `TERM`, `SIGTERM`, `15` (as on x86 and ARM); undefined for one that a worker cannot be sent from here. */
export function signalOf(text: string): Signal | undefined {
  const name = text.trim().toUpperCase().replace(/^SIG/, '');
  return SIGNAL_NUMBERS[name] ?? SIGNALS.find((each) => each === name);
}

const TRUE = new Set(['1', 'yes', 'true', 'on', 'y', 't']);
const FALSE = new Set(['0', 'no', 'false', 'off', 'n', 'f']);

export function booleanOf(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : undefined;
}
