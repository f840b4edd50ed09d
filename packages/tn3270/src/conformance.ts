/**
 * Every code of the protocol stands in one table with its source and what this engine does with it; the public
 * conformance page is generated from those tables.
 */
export type Support =
  /** Acted upon as the source says. */
  | 'full'
  /** Recognised, its operands consumed, without effect; as the reference emulator does. */
  | 'ignored'
  /** Refused in the way the protocol provides. */
  | 'refused'
  /** Not spoken. */
  | 'none';

export interface ConformanceRow {
  /** The value on the wire. */
  readonly code: number;
  /** The name in the source, e.g. `SBA`. */
  readonly mnemonic: string;
  /** Document and section, e.g. `GA23-0059-07 §4.3.4`. */
  readonly source: string;
  readonly support: Support;
  /** What differs or deserves a word. */
  readonly note?: string;
}

/** A table by name, as the conformance page lists them. */
export interface ConformanceTable {
  readonly title: string;
  readonly rows: readonly ConformanceRow[];
}
