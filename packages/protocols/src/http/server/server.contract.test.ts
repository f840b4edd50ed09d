import {
  type CertificateAuthority,
  createCertificateAuthority,
  serverContract,
  type ServerSubject,
} from '@roundhouse/testing';
import { beforeAll, describe, it } from 'vitest';
import { createRouter } from '../router/router.ts';
import { text } from '../message.ts';
import { serveHttp } from './serveHttp.ts';

let made: CertificateAuthority;
beforeAll(() => {
  made = createCertificateAuthority();
});

const router = createRouter()
  .get('/hello/:name', ({ params }) => text(`hello ${params['name'] ?? ''}`))
  .post('/echo', async ({ body }) => text(await body.text()));

const subject = (h2c: boolean): ServerSubject => ({
  protocol: 'http',
  serve: (options, runtime, scope) => serveHttp({ ...options, h2c }, router, runtime, scope),
  hasTls: true,
  dialogue: [
    { send: 'GET /hello/you HTTP/1.1\r\nhost: localhost\r\n\r\n', expect: /^HTTP\/1\.1 200 OK\r\n[^]*hello you$/ },
    {
      send: 'POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nagain',
      expect: /^HTTP\/1\.1 200 OK\r\n[^]*again$/,
    },
    { send: 'GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n', expect: /^HTTP\/1\.1 404 Not Found\r\n[^]*\}$/ },
  ],
});

describe('a server of HTTP/1.1 holds the contract and', () => {
  for (const { title, run } of serverContract(subject(false), () => made)) it(title, run);
});

describe('a server that waits for the version holds the contract and', () => {
  for (const { title, run } of serverContract(subject(true), () => made)) it(title, run);
});
