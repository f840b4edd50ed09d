import type { EventSource, RoundhouseError, Scope } from '@roundhouse/core';
import type { Model } from '../terminal/model.ts';
import type { CodePage } from '../codepage/codePage.ts';
import type { Compat } from '../compat.ts';
import type { ConnectionState } from '../connectionState.ts';
import type { Key } from '../keyboard/key.ts';
import type { LockReason } from '../keyboard/lock.ts';
import type { Screen } from '../screen/screen.ts';

export interface SessionTls {
  /** Check the certificate and name. Default true. */
  readonly verify?: boolean;
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name to check instead of the host. */
  readonly serverName?: string;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface SessionOptions {
  readonly host: string;
  /** 1 … 65535. */
  readonly port: number;
  /** Implicit TLS from the first byte; undefined for plain TCP (the host may still start TLS by STARTTLS). */
  readonly tls?: SessionTls;
  /** For a host that starts TLS itself (STARTTLS). Default: the certificate is checked. */
  readonly startTls?: SessionTls;
  /** LU or pool names to ask for, tried in order. */
  readonly lu?: readonly string[];
  /** E.g. `3279-2-E`, `3278-4`, `IBM-DYNAMIC`. Default `3279-4-E`. */
  readonly model?: string;
  /** Oversize `rows × columns`, at most 16,383 cells. */
  readonly oversize?: { readonly rows: number; readonly columns: number };
  /** Name of the code page. Default `bracket`: 037 with the brackets of the reference. */
  readonly codePage?: string;
  /** NEW-ENVIRON USER, and the DEVNAME and IBM ELF variables. */
  readonly user?: string;
  readonly deviceName?: string;
  readonly applicationId?: string;
  readonly compat?: Partial<Compat>;
  /** From the first packet to the end of negotiation, ms. Default 20,000. */
  readonly connectTimeoutMs?: number;
  /** Longest outbound record accepted, bytes. Default 1 MiB. */
  readonly maxRecordBytes?: number;
  /** Receives the trace of the session, a line at a time. Hidden fields are masked unless `traceHidden`. */
  readonly trace?: (line: string) => void;
  readonly traceHidden?: boolean;
}

/** What a program may do at the keyboard. Rows and columns count from 1. */
export type InputAction =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'key'; readonly key: Key }
  | { readonly type: 'cursor'; readonly row: number; readonly column: number }
  | { readonly type: 'field'; readonly row: number; readonly column: number; readonly value: string };

/** What a program may wait for; every wait has a deadline. */
export type WaitCondition =
  /** The keyboard is unlocked and the host has written its first screen. */
  | { readonly for: 'unlocked' }
  /** `text` stands at the place given, or anywhere. Hidden fields never match. */
  | { readonly for: 'text'; readonly text: string; readonly row?: number; readonly column?: number }
  | { readonly for: 'cursor'; readonly row: number; readonly column: number }
  /** The screen is newer than `after` (default: than at the call). */
  | { readonly for: 'change'; readonly after?: number };

export interface SessionEvents {
  /** The host wrote to the screen, or a key changed it; `version` is the screen's. */
  readonly screenChanged: { readonly version: number };
  readonly connectionStateChanged: { readonly from: ConnectionState; readonly to: ConnectionState };
  readonly lockChanged: { readonly locked: boolean; readonly reason: LockReason | null };
  readonly alarm: Record<never, never>;
  /** The session has ended; nothing follows. `error` is absent when this side closed it. */
  readonly closed: { readonly error?: RoundhouseError };
}

/** Counters of one session. */
export interface SessionStatistics {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly recordsReceived: number;
  readonly recordsSent: number;
  /** Records that were refused with a negative response or ignored. */
  readonly recordsRefused: number;
  /** ms from the last AID to the unlock that answered it, or null. */
  readonly lastResponseMs: number | null;
}

/** One live 3270 session: the host connection, the screen and the keyboard. */
export interface Session extends EventSource<SessionEvents>, AsyncDisposable {
  readonly connectionState: ConnectionState;
  readonly screen: Screen;
  readonly codePage: CodePage;
  readonly model: Model;
  /** LU that the host gave, or null (classic TN3270 never says). */
  readonly lu: string | null;
  /** Application name of the BIND, or null. */
  readonly pluName: string | null;
  readonly tls: { readonly protocol: string; readonly cipher: string; readonly verified: boolean } | null;
  readonly keyboardLocked: boolean;
  readonly lockReason: LockReason | null;
  readonly statistics: SessionStatistics;
  /**
   * Does one action, at once. Raises KEYBOARD_LOCKED, FIELD_PROTECTED, FIELD_NUMERIC, FIELD_OVERFLOW, POSITION_INVALID,
   * CHARACTER_UNMAPPABLE or SESSION_CLOSED; the screen is as before the failing keystroke and the session stays usable
   * (an operator error is reset before it is raised).
   */
  perform(action: InputAction): void;
  /** Resolves when the condition holds; rejects with WAIT_TIMEOUT, SESSION_CLOSED or the scope's reason. */
  waitFor(condition: WaitCondition, scope: Scope): Promise<void>;
  /** Says goodbye and closes. Idempotent. */
  close(): Promise<void>;
  /** Cuts the connection. Idempotent. */
  destroy(reason?: RoundhouseError): void;
}
