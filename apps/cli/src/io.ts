import type { Clock } from '@roundhouse/core';

/** What a command has of the world; tests bring their own. */
export interface Io {
  /** Version of the product. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Default: the clock of the system. */
  readonly clock?: Clock;
  /** Ends what goes on until it is stopped. Default: the first SIGINT or SIGTERM. */
  readonly stop?: AbortSignal;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}
