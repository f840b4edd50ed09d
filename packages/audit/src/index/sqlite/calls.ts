import type { Find } from '../terms.ts';

/** What a thread is given when it begins. */
export interface ThreadData {
  readonly directory: string;
  readonly journal: string;
  /** One writes; another reads meanwhile, so that a page does not wait for what is being taken in. */
  readonly role: 'writer' | 'reader';
  /** It goes on for a thread that has rested: number behind the last record that this one had put in. */
  readonly resumesAt?: number;
}

/** What a thread is asked for. */
export type Task =
  | { readonly what: 'open' | 'reset' | 'close' }
  | { readonly what: 'add'; readonly records: readonly string[]; readonly nextSeq: number }
  | { readonly what: 'find'; readonly find: Find; readonly isWhole: boolean }
  | { readonly what: 'forget'; readonly from: number; readonly to: number }
  | { readonly what: 'purge'; readonly isFirst: boolean };

export type Call = Task & { readonly id: number };

interface Failure {
  readonly isCorrupt: boolean;
  readonly reason: string;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };
