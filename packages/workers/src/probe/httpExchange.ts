import * as http from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Scope } from '@roundhouse/core';
import { peerFailure } from './peerFailure.ts';

export interface HttpExchange {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the certificate of an https server must be trusted. */
  readonly isVerified: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** The beginning of the body. */
  readonly text: string;
}

/** Bytes of a body that are waited for; the connection is cut behind them. */
const MAX_BODY_BYTES = 16_384;
const KEPT_BODY_BYTES = 1_024;

/**
 * Asks once, on a connection of its own, as the next request of a kept one might fail for reasons of its own. Follows
 * no redirect and decodes nothing. Rejects with a code of the network, PEER_NO_ANSWER or the reason of the scope.
 */
export async function exchangeHttp(exchange: HttpExchange, scope: Scope): Promise<HttpAnswer> {
  scope.throwIfEnded();
  const progress = { isConnected: false };
  try {
    return await scope.race(ask(exchange, scope.signal, progress));
  } catch (error) {
    scope.throwIfEnded();
    throw peerFailure(error, exchange.url.host, progress.isConnected);
  }
}

function ask(
  { url, method, headers, isVerified }: HttpExchange,
  signal: AbortSignal,
  progress: { isConnected: boolean },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : http.request)(url, {
      method,
      headers: withDefaults(headers),
      agent: false,
      rejectUnauthorized: isVerified,
      signal,
    });
    request.once('socket', (socket) => socket.once('connect', () => (progress.isConnected = true)));
    request.once('error', reject);
    request.once('response', (response) => {
      const kept: Buffer[] = [];
      let bytes = 0;
      const answer = (): void => {
        const text = Buffer.concat(kept).subarray(0, KEPT_BODY_BYTES).toString('utf8');
        resolve({ status: response.statusCode as number, text });
      };
      response.on('data', (chunk: Buffer) => {
        if (bytes < KEPT_BODY_BYTES) kept.push(chunk);
        bytes += chunk.length;
        if (bytes <= MAX_BODY_BYTES) return;
        answer();
        response.destroy();
      });
      response.once('end', answer);
      response.once('error', reject);
    });
    request.end();
  });
}

/** Names are compared without regard to case, as in RFC 9110 §5.1. */
function withDefaults(headers: Readonly<Record<string, string>>): Record<string, string> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { accept: '*/*', 'user-agent': 'roundhouse', ...Object.fromEntries(given) };
}
