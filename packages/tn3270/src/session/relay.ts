import type { RoundhouseError } from '@roundhouse/core';
import type { ScreenSize } from '../screen/screen.ts';

/** Whoever has a terminal of its own to which a session's host is to be carried. Called in the order of the stream. */
export interface Relay {
  /**
   * A record of the host, already drawn on the session's own screen. `dataType` is a code of DATA_TYPE: 3270-DATA,
   * SSCP-LU-DATA, NVT-DATA, BIND-IMAGE, UNBIND or BID. `requestFlag` has bits of REQUEST_FLAG, SEND-DATA always where
   * the host does not resolve contention. `body` is borrowed, without header and framing; `framed`: it holds no IAC, and
   * IAC EOR lies behind it in its memory.
   */
  record(dataType: number, requestFlag: number, body: Uint8Array, framed: boolean): void;
  /** All that came at a time has been handed on: what was gathered may go out. Responses to the host follow. */
  settled(): void;
  /** The host takes more, after `sendRecord` had returned false. */
  drained(): void;
  /** The session is over; nothing follows. */
  ended(error?: RoundhouseError): void;
}

/** What a terminal has to be sent to show what the session shows. */
export interface Picture {
  /** What a BIND says of the session that is bound, or that classic TN3270 always has; null when there is none. */
  readonly bound: {
    readonly pluName: string | null;
    readonly defaultSize: ScreenSize;
    readonly alternateSize: ScreenSize;
  } | null;
  /** In this order; types and flags as in `Relay.record`. */
  readonly records: ReadonlyArray<{
    readonly dataType: number;
    readonly requestFlag: number;
    readonly body: Uint8Array;
  }>;
  /** The host has the word: it is yet to answer, or to write at all. */
  readonly locked: boolean;
}

export interface PictureOptions {
  /** The terminal knows extended attributes, graphic escape and structured fields. */
  readonly extended: boolean;
  /** The terminal speaks TN3270E: NVT and SSCP text go out as such; classic ones are shown it as a 3270 screen. */
  readonly tn3270e: boolean;
  /** The terminal is told of BIND and UNBIND; without them its screen is cleared by a write. */
  readonly takesBinds: boolean;
}

export interface AttachOptions {
  /** Whether `perform` and `operate` go on as if nobody were attached; else they raise INPUT_ATTACHED. Default false. */
  readonly shared?: boolean;
}

/**
 * A terminal's hold on a session. While it lasts the host's reads and queries are answered by the terminal; TN3270E
 * responses are given by the session, once the relay has settled: its own screen shows what a record came to, and no
 * sequence number of the host ever has to be matched with one of the terminal.
 */
export interface Attachment {
  /**
   * Sends a record of the terminal (`dataType` as in `Relay.record`; copied) to the host as it is, and does on the
   * session's screen and keyboard what it did at the terminal. False: hold back until `drained`; a record that means
   * nothing in the present state is dropped.
   */
  sendRecord(dataType: number, body: Uint8Array): boolean;
  /** The present screen, for a terminal that has just come or cannot be sent a record. */
  picture(options: PictureOptions): Picture;
  /** ATTN, in the form that the host's protocol has for it. */
  attention(): void;
  /** SYSREQ, likewise. */
  systemRequest(): void;
  /** Stops reading from the host, until `resume`. */
  pause(): void;
  resume(): void;
  /** Gives the session back: it reads on, and answers itself what the terminal has not answered. Idempotent. */
  detach(): void;
}
