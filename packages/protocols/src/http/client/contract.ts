import type { Scope } from '@roundhouse/core';
import type { Session } from '@roundhouse/net';
import type { BodyChunk, Fields, FieldValues, IncomingBody } from '../message.ts';

/** A request as a connection sends it. */
export interface OutgoingRequest {
  readonly method: string;
  /** A path with its query; to a proxy the whole URL. */
  readonly target: string;
  /** Host and port that it is for. */
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  readonly headers: FieldValues;
  readonly body: BodyChunk | AsyncIterable<BodyChunk> | null;
  /** From its call to the last byte of the response, ms; Infinity for one that streams. Default: `requestMs`. */
  readonly timeoutMs?: number | undefined;
  /** Bytes of a response that may come. */
  readonly maxBodyBytes: number;
  readonly traceparent?: string | undefined;
}

/** A response whose fields have arrived. Its body is read, or given up by `discard`: until then it holds its connection. */
export interface HttpClientResponse {
  readonly version: '1.1' | '2';
  readonly status: number;
  readonly headers: Fields;
  /** Each line of Set-Cookie, which cannot be joined. */
  readonly setCookies: readonly string[];
  readonly body: IncomingBody;
  /** Fields behind the body; there when the body has been read. */
  readonly trailers: Fields;
  /** Gives up what is left of the body. Idempotent. */
  discard(): void;
  /** Resolves when the last byte has been read, or it was given up; never rejects. */
  readonly done: Promise<void>;
}

/** One connection to an HTTP server. */
export interface HttpConnection extends Session {
  readonly version: '1.1' | '2';
  /** Requests that it may have under way. */
  readonly capacity: number;
  /** Whether it takes another request: the peer may have said that it will leave. */
  readonly isUsable: boolean;
  /**
   * Sends a request; resolves with the fields of the response. Rejects with a NetError whose `sent` says whether the
   * server may have seen it, TIMEOUT, or the reason of the scope.
   */
  request(request: OutgoingRequest, scope: Scope): Promise<HttpClientResponse>;
}
