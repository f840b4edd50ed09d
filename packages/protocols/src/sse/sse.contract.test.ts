import type { Scope } from '@roundhouse/core';
import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
} from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { createHttpClient, createRouter, type HttpClient, serveHttp } from '../http/index.ts';
import { eventSource } from './eventSource.ts';
import { eventStream } from './eventStream.ts';

// Loaded with the first connection, which takes real time: the clock of the kit would run on meanwhile.
await import('undici');

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

async function* twoEvents() {
  yield { id: '1', data: 'one' };
  yield { id: '2', data: 'two' };
}

const router = createRouter().get('/events', (request, scope) => eventStream(request, { source: twoEvents }, scope));

/** Takes the two events of a stream, and leaves. */
async function takeTwo(client: HttpClient, url: string, scope: Scope, random: () => number): Promise<void> {
  let count = 0;
  for await (const { data } of eventSource(client, url, { maxFailures: 0 }, scope, { random })) {
    count += 1;
    if (data === 'two') break;
  }
  if (count !== 2) throw new Error(`${count} events came`);
}

const subject = (version: 'h2' | 'http/1.1'): ClientSubject => ({
  protocol: 'http',
  tlsModes: ['implicit'],
  isExclusive: version === 'http/1.1',
  async connect({ host, port, tls, timeouts }, scope, runtime) {
    const options = { timeouts, versions: [version], ...(tls && { tls: tls.options }) };
    const session = createHttpClient(options, runtime);
    const url = `${tls === undefined ? 'http' : 'https'}://${host}:${port}/events`;
    const request = (own: Scope) => takeTwo(session, url, own, runtime.random);
    try {
      // It connects with its first request.
      await request(scope);
    } catch (error) {
      session.abort();
      throw error;
    }
    return { session, request };
  },
  async startPeer({ tls }, runtime) {
    const server = await serveHttp({ h2c: true, ...(tls && { tls: tls.options }) }, router, runtime);
    return { port: server.port, close: async () => server.abort() };
  },
});

describe('a client of events over HTTP/1.1 holds the contract and', () => {
  for (const { title, run } of clientContract(subject('http/1.1'), authority)) it(title, run);
});

describe('a client of events over HTTP/2 holds the contract and', () => {
  for (const { title, run } of clientContract(subject('h2'), authority)) it(title, run);
});
