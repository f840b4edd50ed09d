import type { Figure } from './figure.ts';

/** The measurements in the order of the report; each is a file that exports `measure`. */
export const SECTION_NAMES = [
  'decodeApply',
  'loopback',
  'firstScreen',
  'memory',
  'restReads',
  'decision',
  'gateway',
  'frontDoor',
  'api',
  'logging',
  'webhook',
  'configuration',
  'policy',
  'workers',
  'auditedApi',
  'auditSearch',
  'silent',
  'webSockets',
  'dns',
  'audit',
  'growth',
  'http',
  'serving',
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface BenchOptions {
  /** Fewer and shorter runs: to see that everything works, not for figures that are quoted. */
  readonly quick: boolean;
  /** Sessions of the largest memory measurement. */
  readonly sessions: number;
}

/** What one measurement gives. */
export interface Section {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** What a reader has to know of how it was measured, and what was left out and why. */
  readonly notes: readonly string[];
}

export type Measure = (options: BenchOptions) => Promise<Section>;
