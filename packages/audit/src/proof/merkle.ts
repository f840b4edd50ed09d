import { hash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 §2.1: SHA-256, leaves and nodes told apart by their first byte. A node is named by level and
 * index: level 0 are the leaves, and node `index` of level `l` is the root of the leaves from `index << l` to the next.
 */
export const HASH_BYTES = 32;

const LEAF = 0;
const NODE = 1;

/** SHA-256. By way of a text: Node takes twice as long to give it as bytes. */
export function sha256(data: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'binary'), 'latin1');
}

/** The hash of a leaf's data. */
export function leafHash(data: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + data.length);
  input[0] = LEAF;
  input.set(data, 1);
  return sha256(input);
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES, NODE);

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

/** The root of no leaves. */
export const EMPTY_ROOT: Buffer = sha256(new Uint8Array(0));

/** What is needed of a tree to go on with it: the roots of its largest complete subtrees, from the left. */
export class CompactRange {
  #size: number;
  readonly #roots: Buffer[];

  /** Of an empty tree, or of one of `size` leaves with those `roots`: as many as `size` has bits that are set. */
  constructor(size = 0, roots: readonly Buffer[] = []) {
    this.#size = size;
    this.#roots = [...roots];
    if (roots.length !== bitsSet(size)) throw new RangeError('A compact range has a root for each bit of its size');
  }

  get size(): number {
    return this.#size;
  }

  get roots(): readonly Buffer[] {
    return this.#roots;
  }

  /** Adds a leaf; `onNode` hears of each node above it that this completes. */
  append(leaf: Buffer, onNode?: (level: number, node: Buffer) => void): void {
    let node = leaf;
    let level = 0;
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = nodeHash(this.#roots.pop() as Buffer, node);
      onNode?.(++level, node);
    }
    this.#roots.push(node);
    this.#size++;
  }

  root(): Buffer {
    return this.#roots.length === 0 ? EMPTY_ROOT : this.#roots.reduceRight((right, left) => nodeHash(left, right));
  }

  copy(): CompactRange {
    return new CompactRange(this.#size, this.#roots);
  }
}

/** A complete node of the tree. */
export type NodeReader = (level: number, index: number) => Promise<Buffer>;

/** PATH(index, D[size]) of RFC 6962 §2.1.1, from the leaf up. `index` < `size`. */
export async function inclusionPath(index: number, size: number, read: NodeReader): Promise<Buffer[]> {
  const path: Buffer[] = [];
  for (let from = 0, to = size; to - from > 1; ) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.push(await rootOf(middle, to, read));
      to = middle;
    } else {
      path.push(await rootOf(from, middle, read));
      from = middle;
    }
  }
  return path.reverse();
}

/** PROOF(older, D[size]) of RFC 6962 §2.1.2. 0 < `older` <= `size`. */
export async function consistencyPath(older: number, size: number, read: NodeReader): Promise<Buffer[]> {
  const path: Buffer[] = [];
  let from = 0;
  let to = size;
  while (to !== older) {
    const middle = from + splitOf(to - from);
    if (older <= middle) {
      path.push(await rootOf(middle, to, read));
      to = middle;
    } else {
      path.push(await rootOf(from, middle, read));
      from = middle;
    }
  }
  // The old tree itself is what the verifier has already.
  if (from !== 0) path.push(await rootOf(from, to, read));
  return path.reverse();
}

/** MTH(D[from:to]), where `from` is a multiple of the largest power of two that fits. */
export async function rootOf(from: number, to: number, read: NodeReader): Promise<Buffer> {
  const count = to - from;
  if (count === 0) return EMPTY_ROOT;
  const split = splitOf(count);
  if (count === 1 || split * 2 === count) return await read(Math.log2(count), from / count);
  return nodeHash(await rootOf(from, from + split, read), await rootOf(from + split, to, read));
}

/** The largest power of two smaller than `count`, which is above 1. */
function splitOf(count: number): number {
  return 2 ** Math.ceil(Math.log2(count) - 1);
}

function bitsSet(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}
