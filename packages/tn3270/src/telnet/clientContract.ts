import type { RoundhouseError } from '@roundhouse/core';
import type { CodePage } from '../codepage/codePage.ts';
import type { RecordOutcome } from '../datastream/outcome.ts';
import type { Compat } from '../compat.ts';
import type { ConnectionState } from '../connectionState.ts';
import type { Model } from '../terminal/model.ts';
import type { BindImage } from './bind.ts';

export interface TelnetClientOptions {
  readonly model: Model;
  readonly codePage: CodePage;
  readonly compat: Compat;
  /** LU or pool names to ask for, in order. */
  readonly lus: readonly string[];
  /** Variables of NEW-ENVIRON; see `EnvironmentOptions`. */
  readonly user?: string;
  readonly deviceName?: string;
  readonly applicationId?: string;
  readonly keyboardType?: string;
  /** TLS is on from the first byte: STARTTLS is refused. */
  readonly tlsActive: boolean;
  /** Longest record taken from the host, TN3270E header included. */
  readonly maxRecordBytes: number;
  /** The host as error messages name it. */
  readonly peer: string;
}

/** What the client has found, in the order of the stream. Byte ranges are borrowed: copy to keep. */
export interface TelnetClientHandler {
  /** Bytes for the host, complete as they are. They never change afterwards: they may be kept. */
  send(bytes: Uint8Array): void;
  /**
   * A record: a 3270 data stream, or a message of the SSCP. With `keyboardRestore` the keyboard is to be unlocked after
   * it has been carried out. The outcome decides the TN3270E response.
   */
  record(bytes: Uint8Array, dataType: '3270-data' | 'sscp-lu-data', keyboardRestore: boolean): RecordOutcome;
  /** Characters for the NVT, `bytes[start … end)`. */
  nvtData(bytes: Uint8Array, start: number, end: number): void;
  stateChanged(from: ConnectionState, to: ConnectionState): void;
  /** Whether this side edits and echoes lines; the host does when it has said WILL ECHO. */
  lineModeChanged(lineMode: boolean): void;
  /** An application was bound: take its screen sizes if they are acceptable, and erase the screen. */
  bound(image: BindImage): void;
  /** The application is gone: back to the model's sizes, and erase. `type` is a code of `UNBIND`, if one was given. */
  unbound(type: number | undefined): void;
  /** The host may go on sending: input has to wait until `sendData`. Only with CONTENTION-RESOLUTION. */
  bid(signal: boolean): void;
  /** The host has finished: this side may send. Only with CONTENTION-RESOLUTION. */
  sendData(): void;
  luAssigned(lu: string | null, deviceType: string | null): void;
  /** The host refused a device; the next LU is tried, or the session goes on without TN3270E: keep it as the reason. */
  deviceRejected(error: RoundhouseError): void;
  /** TLS begins with the first byte that `receive` leaves. Call `tlsStarted` when it stands. */
  startTls(): void;
  /** The connection is of no use any more; nothing follows. */
  failed(error: RoundhouseError): void;
}

/** Sees all bytes of a connection, in order; records apart, so that what is hidden can be masked. */
export interface TelnetTrace {
  /** Bytes of the host that belong to no record. */
  received(bytes: Uint8Array): void;
  /** A record has come whole and is about to be carried out. */
  recordBegins(): void;
  /**
   * It has been carried out. `header` is that of TN3270E, or empty; `isDataStream`: the body is 3270 data; `framed`: the
   * body holds no IAC, and IAC EOR lies behind it in its memory. Borrowed.
   */
  recordEnded(header: Uint8Array, body: Uint8Array, isDataStream: boolean, framed: boolean): void;
  /** Bytes of this side that are no record. */
  sent(bytes: Uint8Array): void;
  sentRecord(header: Uint8Array, body: Uint8Array, isDataStream: boolean): void;
}

export interface TelnetCounters {
  recordsReceived: number;
  recordsSent: number;
  /** Answered with a negative response. */
  recordsRefused: number;
  /** Without meaning at their time, or of no use to a display. */
  recordsIgnored: number;
  /** Answers DONT and WONT to offers and requests. */
  optionsRefused: number;
  commandsIgnored: number;
  subnegotiationsIgnored: number;
}
