import type { Scope } from '@roundhouse/core';
import type { Checkpoint } from '../proof/checkpoint.ts';

/** A place outside of the journal's reach that keeps checkpoints: what is there cannot be taken back here. */
export interface CheckpointSink {
  /** Unique among the sinks of a journal. */
  readonly name: string;
  /** Rejects with AUDIT_SINK_FAILED. */
  put(checkpoint: Checkpoint, scope: Scope): Promise<void>;
}

export interface SinkStatus {
  readonly name: string;
  /** What it took last. */
  readonly last?: { readonly size: number; readonly time: string };
  /** Age of the oldest checkpoint that it has not got, ms; 0 when it has all. */
  readonly lag_ms: number;
  readonly is_lagging: boolean;
  /** Why it did not take one, until it does. */
  readonly failure?: string;
}
