import type { Logger, RoundhouseError, Scope } from '@roundhouse/core';
import type { TlsInfo } from '@roundhouse/net';
import type { SessionTerms } from './negotiate.ts';

/** The way to a terminal whose session is agreed upon. */
export interface TerminalLine {
  readonly peer: string;
  /** `address:port` of this side. */
  readonly local: string;
  readonly tls: TlsInfo | null;
  /** False: hold back until `drained`. `sent` is called once, later: the bytes are needed no more, sent or lost. */
  write(bytes: Uint8Array, sent?: () => void): boolean;
  /** Stops reading from the terminal, until `resume`. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
  /** The terminal broke the rules. */
  fail(error: RoundhouseError): void;
}

/** What is done with one terminal, told of its records by its connection. */
export interface TerminalService {
  /** Begins once the session is agreed upon; its end ends the session. */
  run(): Promise<void>;
  /** A record from the terminal, borrowed. False when nobody wanted it. */
  receive(record: Uint8Array): boolean;
  /** A telnet command other than EOR. */
  command(code: number): void;
  /** All that was written is on its way, after `write` had returned false. */
  drained(): void;
}

/** `scope` ends with the connection. */
export type TerminalServiceFactory = (
  terms: SessionTerms,
  line: TerminalLine,
  scope: Scope,
  log: Logger,
) => TerminalService;
