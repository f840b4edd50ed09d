import type { Clock } from '@roundhouse/core';
import type { ExitCode } from './exit.ts';

/** What a command has of the world; tests bring their own. */
export interface Io {
  /** Version of the product. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Default: standard input of the process. */
  readonly stdin?: Input;
  /** Default: the clock of the system. */
  readonly clock?: Clock;
  /** Ends what goes on until it is stopped. Default: the first SIGINT or SIGTERM. */
  readonly stop?: AbortSignal;
  /** Keeps what was compiled until now for the next process, as its end does. */
  readonly keepCompiled?: () => void;
}

/** What a command has besides that may end neither well nor with an error: a "no", a difference found. */
export interface VerdictIo extends Io {
  /** Sets the exit code of a command that has not failed. */
  readonly conclude: (code: ExitCode) => void;
}

export interface Output {
  /** False: what is written waits, and `drain` says when it has gone. */
  write(text: string): unknown;
  once?(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean;
}

export interface Input extends AsyncIterable<string | Uint8Array> {
  readonly isTTY?: boolean;
  /** Of a terminal: whether each key comes at once, without echo. */
  setRawMode?(on: boolean): unknown;
}
