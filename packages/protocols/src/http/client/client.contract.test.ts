import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
} from '@roundhouse/testing';
import { beforeAll, describe, it } from 'vitest';
import { text } from '../message.ts';
import { createRouter } from '../router/router.ts';
import { serveHttp } from '../server/serveHttp.ts';
import { connectHttp, type HttpVersionName } from './connect.ts';

// Loaded with the first connection, which takes real time: the clock of the kit would run on meanwhile.
await import('undici');

let made: CertificateAuthority;
beforeAll(() => {
  made = createCertificateAuthority();
});

const router = createRouter().get('/hello', () => text('hello'));

const subject = (version: HttpVersionName): ClientSubject => ({
  protocol: 'http',
  tlsModes: ['implicit'],
  isExclusive: version === 'http/1.1',
  connect: async ({ host, port, tls, timeouts }, scope, runtime) => {
    const options = { host, port, timeouts, versions: [version], ...(tls && { tls: tls.options }) };
    const session = await connectHttp(options, scope, runtime);
    const request = {
      method: 'GET',
      target: '/hello',
      authority: host,
      scheme: 'http',
      headers: {},
      body: null,
    } as const;
    return {
      session,
      request: async (own) => (await session.request({ ...request, maxBodyBytes: 1_000 }, own)).body.text(),
    };
  },
  startPeer: async ({ tls }, runtime) => {
    const server = await serveHttp({ h2c: true, ...(tls && { tls: tls.options }) }, router, runtime);
    return { port: server.port, close: async () => server.abort() };
  },
});

describe('a client of HTTP/1.1 holds the contract and', () => {
  for (const { title, run } of clientContract(subject('http/1.1'), () => made)) it(title, run);
});

describe('a client of HTTP/2 holds the contract and', () => {
  for (const { title, run } of clientContract(subject('h2'), () => made)) it(title, run);
});
