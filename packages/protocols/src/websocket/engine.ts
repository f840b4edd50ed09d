import type { Buffer } from 'node:buffer';
import type { Writable } from 'node:stream';

/** What `ws` exports beside its `WebSocket`, and its types leave out: framing both ways, and compression. */
export interface Engine {
  readonly Receiver: new (options: ReceiverOptions) => Receiver;
  readonly Sender: new (socket: SenderSocket, extensions: Extensions) => Sender;
  readonly PerMessageDeflate: new (options: DeflateOptions) => PerMessageDeflate;
  readonly extension: {
    /** Raises a SyntaxError. */
    parse(header: string): Readonly<Record<string, ReadonlyArray<Record<string, unknown>> | undefined>>;
    format(extensions: Readonly<Record<string, unknown>>): string;
  };
}

interface ReceiverOptions {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly extensions: Extensions;
}

/** Takes bytes, emits `message` (Buffer, isBinary), `ping`, `pong` (Buffer), `conclude` (code, reason), `error`. */
export type Receiver = Writable;

/** What a sender writes to. */
export interface SenderSocket {
  readonly destroyed: boolean;
  cork(): void;
  uncork(): void;
  write(bytes: Buffer | string, taken?: (error?: Error) => void): void;
}

export interface Sender {
  send(
    bytes: Buffer,
    options: { readonly binary: boolean; readonly compress: boolean; readonly fin: boolean; readonly mask: boolean },
    taken: (error?: Error) => void,
  ): void;
  ping(bytes: Buffer, mask: boolean, taken: (error?: Error) => void): void;
  pong(bytes: Buffer, mask: boolean, taken: (error?: Error) => void): void;
  close(code: number | undefined, reason: string, mask: boolean, taken: (error?: Error) => void): void;
}

export type Inflated = (error: Error | null, bytes?: Buffer) => void;

/** The part of an extension that receiver and sender use. */
export interface Deflate {
  readonly params: Readonly<Record<string, unknown>> | null;
  readonly _isServer: boolean;
  readonly _threshold: number;
  compress(bytes: Buffer | string, isLast: boolean, done: Inflated): void;
  decompress(bytes: Buffer, isLast: boolean, done: Inflated): void;
}

export interface PerMessageDeflate extends Deflate {
  offer(): Readonly<Record<string, unknown>>;
  /** The parameters that it goes by from now on. Raises an Error. */
  accept(offers: ReadonlyArray<Record<string, unknown>>): Record<string, unknown>;
  /** Not while something is being inflated. */
  cleanup(): void;
}

interface DeflateOptions {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly threshold: number;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number | true;
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly zlibDeflateOptions: { readonly level: number; readonly memLevel: number };
}

type Extensions = Readonly<Record<string, Deflate>>;

export const DEFLATE = 'permessage-deflate';

let loaded: Engine | undefined;

/** `ws` is loaded by the first connection. */
export async function loadEngine(): Promise<Engine> {
  loaded ??= (await import('ws')) as unknown as Engine;
  return loaded;
}
