import { CompactRange } from '../proof/merkle.ts';

/** The end of what is durable: all that is needed to go on from there. */
export interface Tail {
  /** Number of the next record, and size of the tree. */
  readonly seq: number;
  /** Behind the last frame, be it a footer or the header of an empty segment. */
  readonly chain: Buffer;
  /** Behind the last record, zeros when there is none: what checkpoints say. */
  readonly recordChain: Buffer;
  /** Never changed: a longer one is a copy. */
  readonly range: CompactRange;
}

/** Zeros stand for the chain before the first segment. */
const NO_CHAIN: Buffer = Buffer.alloc(32);

export const EMPTY_TAIL: Tail = { seq: 0, chain: NO_CHAIN, recordChain: NO_CHAIN, range: new CompactRange() };
