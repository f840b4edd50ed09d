import type { Scope } from '@roundhouse/core';
import type { TlsInfo } from '@roundhouse/net';
import type { Fields, HttpRequest, HttpVersion, IncomingBody, Note, Notes } from '../message.ts';

const NONE: Fields = Object.freeze(Object.create(null) as Record<string, string>);

/** What a version of HTTP knows of a request. */
export interface RequestInit {
  readonly version: HttpVersion;
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: Fields;
  readonly scope: Scope;
  readonly peer: string;
  readonly tls: TlsInfo | null;
  readonly traceparent: string | undefined;
  readonly protocol?: string | undefined;
  /** What `body` and `trailers` are made of, when they are asked for. */
  readonly content: RequestContent;
}

export interface RequestContent {
  body(headers: Fields, scope: Scope): IncomingBody;
  trailers(): Fields;
}

/** A request, whose parts are made when they are asked for. */
export class ReceivedRequest implements HttpRequest, Notes {
  readonly version: HttpVersion;
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: Fields;
  readonly path: string;
  readonly protocol: string | undefined;
  readonly traceparent: string | undefined;
  readonly peer: string;
  readonly tls: TlsInfo | null;
  /** Set by the router. */
  params: Fields = NONE;
  readonly #scope: Scope;
  readonly #content: RequestContent;
  readonly #queryAt: number;
  #query: URLSearchParams | undefined;
  #body: IncomingBody | undefined;
  #notes: Map<Note<unknown>, unknown> | undefined;

  constructor(init: RequestInit) {
    const { target } = init;
    this.version = init.version;
    this.method = init.method;
    this.target = target;
    this.authority = init.authority;
    this.headers = init.headers;
    this.protocol = init.protocol;
    this.traceparent = init.traceparent;
    this.peer = init.peer;
    this.tls = init.tls;
    this.#scope = init.scope;
    this.#content = init.content;
    this.#queryAt = target.indexOf('?');
    this.path = this.#queryAt === -1 ? target : target.slice(0, this.#queryAt);
  }

  get scheme(): 'http' | 'https' {
    return this.tls === null ? 'http' : 'https';
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#queryAt === -1 ? '' : this.target.slice(this.#queryAt + 1));
    return this.#query;
  }

  get body(): IncomingBody {
    this.#body ??= this.#content.body(this.headers, this.#scope);
    return this.#body;
  }

  get trailers(): Fields {
    return this.#content.trailers();
  }

  get notes(): Notes {
    return this;
  }

  get<T>(note: Note<T>): T | undefined {
    return this.#notes?.get(note) as T | undefined;
  }

  set<T>(note: Note<T>, value: T): void {
    this.#notes ??= new Map();
    this.#notes.set(note, value);
  }
}

/** Content-Length as a number; null without one. It has been checked by whoever framed the message. */
export function lengthOf(headers: Fields): number | null {
  const length = headers['content-length'];
  return length === undefined ? null : Number(length);
}

/** Says what the pattern of the route named. */
export function setParams(request: HttpRequest, params: Fields): void {
  if (request instanceof ReceivedRequest) request.params = params;
}
