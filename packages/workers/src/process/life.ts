import { constants } from 'node:os';
import type { Exit } from './contract.ts';

/** What comes through `life`: from the shim, and from the launch before the program begins. */
export type LifeFact =
  | {
      readonly kind: 'shim';
      readonly number: number;
      readonly pid: number;
      readonly startTime: number;
      /** Key of the sockets that it has; undefined for none. */
      readonly sockets: string | undefined;
    }
  /** What `pid.G` says. */
  | {
      readonly kind: 'run';
      readonly generation: number;
      readonly pid: number;
      readonly startTime: number;
      readonly token: string;
      readonly shim: number;
    }
  /** It has become its user, and goes on to the program. */
  | { readonly kind: 'user'; readonly generation: number }
  | ({ readonly kind: 'fault'; readonly generation: number } & Fault)
  | { readonly kind: 'exit'; readonly generation: number; readonly status: number };

/** Why a program did not begin. */
export interface Fault {
  readonly stage: string;
  readonly status: number;
  /** What the tool that failed has said; often empty. */
  readonly reason: string;
}

/** Undefined for what is no line of ours. */
export function parseLife(line: string): LifeFact | undefined {
  const [, kind, words = ''] = /^(shim|run|user|fault|exit) (.*)$/.exec(line) ?? [];
  const [first = NaN, second = NaN, third = NaN] = words.split(' ').map(numberOf);
  switch (kind) {
    case 'shim':
      if (!isCount(first, second, third)) return undefined;
      return { kind, number: first, pid: second, startTime: third, sockets: words.split(' ')[3] || undefined };
    case 'run': {
      const [, , , token = '', number = ''] = words.split(' ');
      const shim = numberOf(number);
      if (!isCount(first, second, third, shim) || token === '') return undefined;
      return { kind, generation: first, pid: second, startTime: third, token, shim };
    }
    case 'user':
      return isCount(first) ? { kind, generation: first } : undefined;
    case 'exit':
      return isCount(first, second) ? { kind, generation: first, status: second } : undefined;
    case 'fault': {
      const fault = parseFault(words.slice(words.indexOf(' ') + 1));
      return isCount(first) && fault !== undefined ? { kind, generation: first, ...fault } : undefined;
    }
    default:
      return undefined;
  }
}

/** `STAGE STATUS REASON`. */
export function parseFault(text: string): Fault | undefined {
  const [, stage, status, reason = ''] = /^([a-z_]+) (\d+)(?: (.*))?$/.exec(text) ?? [];
  return stage === undefined ? undefined : { stage, status: Number(status), reason: reason.trim() };
}

/** How a run has ended, by the status that a shell gives: above 128 it is 128 and the number of a signal. */
export function exitOf(generation: number, status: number, at: number): Exit {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return signal === undefined
    ? { generation, code: status, signal: null, isKnown: true, at }
    : { generation, code: null, signal, isKnown: true, at };
}

function numberOf(word: string): number {
  return /^\d+$/.test(word) ? Number(word) : NaN;
}

function isCount(...numbers: readonly number[]): boolean {
  return numbers.every((each) => Number.isSafeInteger(each) && each >= 0);
}
