import {
  type CertificateAuthority,
  createCertificateAuthority,
  serverContract,
  type ServerSubject,
} from '@roundhouse/testing';
import { beforeAll, describe, it } from 'vitest';
import { createRouter } from '../router/router.ts';
import { FLAG, frame, literals, PREFACE, TYPE } from '../conformance/frames.fixture.ts';
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

const fields = (method: string, path: string): Uint8Array =>
  literals([':method', method], [':scheme', 'http'], [':path', path], [':authority', 'localhost']);
const HEADERS = FLAG.END_HEADERS;
/** The server has settings of its own, and has taken the client's. */
const SETTINGS_TAKEN = new RegExp(frame(TYPE.SETTINGS, FLAG.ACK, 0).toString('latin1'));

/** RFC 9113 §3.4: the preface and settings first, then streams. */
const http2 = (alpn?: readonly string[]): ServerSubject => ({
  ...subject(true),
  ...(alpn && { alpn, isAlwaysTls: true }),
  hasTls: alpn !== undefined,
  dialogue: [
    {
      send: Buffer.concat([PREFACE, frame(TYPE.SETTINGS, 0, 0)]),
      expect: SETTINGS_TAKEN,
    },
    {
      send: Buffer.concat([
        frame(TYPE.SETTINGS, FLAG.ACK, 0),
        frame(TYPE.HEADERS, HEADERS | FLAG.END_STREAM, 1, fields('GET', '/hello/you')),
      ]),
      expect: /hello you/,
    },
    {
      send: Buffer.concat([
        frame(TYPE.HEADERS, HEADERS, 3, fields('POST', '/echo')),
        frame(TYPE.DATA, FLAG.END_STREAM, 3, Buffer.from('again')),
      ]),
      expect: /again/,
    },
    {
      send: frame(TYPE.HEADERS, HEADERS | FLAG.END_STREAM, 5, fields('GET', '/nothing')),
      expect: /HTTP_ROUTE_NOT_FOUND/,
    },
  ],
});

describe('a server of HTTP/2 holds the contract and', () => {
  for (const { title, run } of serverContract(http2(), () => made)) it(title, run);
});

describe('a server of HTTP/2 over TLS holds the contract and', () => {
  for (const { title, run } of serverContract(http2(['h2']), () => made)) it(title, run);
});

describe('a server of HTTP/1.1 holds the contract and', () => {
  for (const { title, run } of serverContract(subject(false), () => made)) it(title, run);
});

describe('a server that waits for the version holds the contract and', () => {
  for (const { title, run } of serverContract(subject(true), () => made)) it(title, run);
});
