/** One measured quantity: the median of its samples, and how far they spread. */
export interface Figure {
  /** Unique in a run, e.g. `decode.form`: what bars and readers of the JSON go by. */
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
  readonly peer?: PeerFigure;
}

/** The same quantity of another program, measured in the same run. */
interface PeerFigure {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Ours divided by the peer's. */
  readonly ratio: number;
}

export interface PeerSamples {
  readonly name: string;
  readonly samples: readonly number[];
}

/** A figure of `samples`, beside the peer's where it was measured too. */
export function figure(
  id: string,
  label: string,
  unit: string,
  samples: readonly number[],
  peer?: PeerSamples,
): Figure {
  const own = summaryOf(samples);
  const base = { id, label, unit, ...own, samples: samples.length };
  if (peer === undefined || peer.samples.length === 0) return base;
  const other = summaryOf(peer.samples);
  return { ...base, peer: { name: peer.name, ...other, ratio: own.median / other.median } };
}

/** The value below which the share `quantile` (0 … 1) of the samples lies. */
export function quantileOf(samples: readonly number[], quantile: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * quantile;
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}

function summaryOf(samples: readonly number[]): { median: number; min: number; max: number } {
  if (samples.length === 0) throw new RangeError('A figure needs at least one sample');
  return { median: quantileOf(samples, 0.5), min: Math.min(...samples), max: Math.max(...samples) };
}
