import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Scope, Secret } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type { CheckpointSink } from './sink.ts';

export interface HttpSinkOptions {
  /** `http:` or `https:`. With PUT, `{size}` stands for the size of the checkpoint, and `{journal}` for the id. */
  readonly url: string;
  /** Default PUT: the same checkpoint again is the same request. */
  readonly method?: 'PUT' | 'POST';
  readonly name?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: Secret;
}

export interface HttpRequest {
  readonly method: 'PUT' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a request and gives the status of the answer, whose body nobody reads; follows no redirection. */
export type HttpSend = (request: HttpRequest, scope: Scope) => Promise<{ readonly status: number }>;

/** Sends each checkpoint, as the text of its note, to a URL. Any 2xx says that it is kept. Raises AUDIT_OPTIONS_INVALID. */
export function createHttpSink(options: HttpSinkOptions, send: HttpSend = sendByNode): CheckpointSink {
  const { method = 'PUT', token } = options;
  if (!/^https?:\/\//.test(options.url) || !URL.canParse(options.url)) {
    throw auditError('AUDIT_OPTIONS_INVALID', {
      details: { option: 'url', expected: 'an address with http: or https:' },
    });
  }
  const name = options.name ?? `http:${new URL(options.url).host}`;
  const failed = (reason: string, cause?: unknown): Error =>
    auditError('AUDIT_SINK_FAILED', { details: { sink: name, reason }, cause });
  return {
    name,
    async put({ origin, size, note }, scope) {
      const journal = origin.replace('roundhouse/', '');
      const url = new URL(options.url.replace('{size}', String(size)).replace('{journal}', journal));
      const headers = {
        'content-type': 'text/plain; charset=utf-8',
        ...(token !== undefined && { authorization: `Bearer ${token.reveal()}` }),
      };
      let status: number;
      try {
        ({ status } = await send({ method, url, headers, body: note }, scope));
      } catch (cause) {
        throw failed(cause instanceof Error ? cause.message : String(cause), cause);
      }
      if (status < 200 || status > 299) throw failed(`it answers with status ${status}`);
    },
  };
}

/** By Node's own client. */
const sendByNode: HttpSend = ({ method, url, headers, body }, scope) =>
  new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request(url, { method, headers: { ...headers, ...length }, agent: false, signal: scope.signal });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      const { statusCode: status = 0 } = answer;
      answer.resume();
      answer.once('error', reject);
      answer.once('end', () => resolve({ status }));
    });
    outgoing.end(body);
  });
