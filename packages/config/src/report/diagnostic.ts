import type { ConfigCode } from '../errors.ts';

export type Severity = 'error' | 'warning';

/** What is looked at, in this order. */
export const PHASES = ['syntax', 'composition', 'schema', 'references', 'conflicts', 'environment'] as const;

export type Phase = (typeof PHASES)[number];

/** A line of a source; secrets in it are masked. Offsets are UTF-16 code units of `text`, `to` excluded. */
export interface Excerpt {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Where something stands. Lines and columns count from 1, columns in characters; absent for what has no lines. */
export interface Location {
  /** A path, `environment NAME`, `--set`, or the name of a layer. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  /** Behind the last character. */
  readonly endColumn?: number;
  readonly excerpt?: Excerpt;
}

export interface RelatedPlace extends Location {
  readonly message: string;
}

/** One fault, made for people and for editors: plain data without secrets. */
export interface Diagnostic extends Location {
  readonly severity: Severity;
  readonly phase: Phase;
  readonly code: ConfigCode;
  readonly message: string;
  /** In the configuration, as in `endpoints[east].port`; '' for the whole. */
  readonly path: string;
  readonly hint: string;
  readonly expected?: string;
  /** What was probably meant. */
  readonly suggestion?: string;
  readonly related: readonly RelatedPlace[];
}
