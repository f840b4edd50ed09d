import { type AddressInfo, connect } from 'node:net';
import { problemSchema } from '@roundhouse/api';
import { silentLogger } from '@roundhouse/core';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverError } from '../errors.ts';
import { boundConnections, type ConnectionBounds, SLOW_CLIENT_BOUNDS } from './connectionBounds.ts';
import { httpError } from './errors.ts';
import { parseJsonBody } from './jsonBody.ts';
import { answerClientError, sendProblem } from './problem.ts';
import { answerStrangeRequests, checkRequestForm } from './requestForm.ts';

let app: FastifyInstance;
let bounds: ConnectionBounds;
let port: number;

beforeAll(async () => {
  app = fastify({
    ...SLOW_CLIENT_BOUNDS,
    http: { ...SLOW_CLIENT_BOUNDS.http, connectionsCheckingInterval: 20, headersTimeout: 150 },
    bodyLimit: 1_000,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, silentLogger),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, () => 'r-1'),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    parseJsonBody(body),
  );
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, silentLogger));
  app.addHook('onRequest', (request, reply, done) => {
    checkRequestForm(request, reply, request.method === 'POST');
    done();
  });
  app.get('/thing', () => ({ ok: true }));
  app.get('/busy', () => {
    throw httpError('OVERLOADED', { details: { reason: 'so it is', retry_after_ms: 2_500 } });
  });
  app.get('/stopping', () => {
    throw serverError('SHUTTING_DOWN');
  });
  app.post('/thing', (request) => ({ got: request.body }));
  answerStrangeRequests(app.server, () => 'r-2');
  bounds = boundConnections(app.server, { maxConnections: 4, maxPerAddress: 3 }, () => 'r-3');
  await app.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = app.server.address() as AddressInfo);
});
afterAll(() => app.close());

/** All that the server says to these bytes until it closes. */
function say(text: string, localAddress = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress }, () => socket.write(text));
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    // A server that closes with bytes unread resets; what it said before counts.
    socket.on('error', (error) => (heard === '' ? reject(error) : undefined));
    socket.on('close', () => resolve(heard));
  });
}

const CLOSE = 'Host: x\r\nConnection: close\r\n';
const JSON_BODY = `${CLOSE}Content-Type: application/json\r\n`;
const withBody = (head: string, body: string): string => `${head}Content-Length: ${body.length}\r\n\r\n${body}`;

describe('a request of a strange form', () => {
  it.each<[string, number, string, string]>([
    ['no Host', 400, 'REQUEST_MALFORMED', 'GET /thing HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a body on GET', 400, 'BODY_UNEXPECTED', withBody(`GET /thing HTTP/1.1\r\n${JSON_BODY}`, '{}')],
    [
      'a chunked body on GET',
      400,
      'BODY_UNEXPECTED',
      `GET /thing HTTP/1.1\r\n${CLOSE}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['an expectation', 400, 'REQUEST_MALFORMED', `GET /thing HTTP/1.1\r\n${CLOSE}Expect: tea\r\n\r\n`],
    ['CONNECT', 400, 'REQUEST_MALFORMED', `CONNECT x:1 HTTP/1.1\r\n${CLOSE}\r\n`],
    ['no HTTP', 400, 'REQUEST_MALFORMED', 'HELO there\r\n\r\n'],
    [
      'two lengths',
      400,
      'REQUEST_MALFORMED',
      `POST /thing HTTP/1.1\r\n${JSON_BODY}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    ],
    [
      'a length and chunks',
      400,
      'REQUEST_MALFORMED',
      `POST /thing HTTP/1.1\r\n${JSON_BODY}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
    ],
    ['huge headers', 431, 'HEADERS_TOO_LARGE', `GET /thing HTTP/1.1\r\n${CLOSE}X: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['a huge address', 431, 'HEADERS_TOO_LARGE', `GET /thing?${'x'.repeat(20_000)} HTTP/1.1\r\n${CLOSE}\r\n`],
    ['headers that do not end', 408, 'REQUEST_TIMEOUT', 'GET /thing HTTP/1.1\r\nHost: x\r\n'],
    ['a bad escape in the path', 400, 'REQUEST_MALFORMED', `GET /thing%zz HTTP/1.1\r\n${CLOSE}\r\n`],
    ['a large body', 413, 'BODY_TOO_LARGE', withBody(`POST /thing HTTP/1.1\r\n${JSON_BODY}`, `"${'x'.repeat(1_000)}"`)],
    ['a deep body', 400, 'JSON_TOO_DEEP', withBody(`POST /thing HTTP/1.1\r\n${JSON_BODY}`, '['.repeat(99))],
    ['half a body', 400, 'BODY_INVALID', withBody(`POST /thing HTTP/1.1\r\n${JSON_BODY}`, '{"a":')],
    [
      'another type',
      415,
      'MEDIA_TYPE_UNSUPPORTED',
      withBody(`POST /thing HTTP/1.1\r\n${CLOSE}Content-Type: text/xml\r\n`, '<a/>'),
    ],
  ])('(%s) is answered %d with a problem body: %s', async (_what, status, code, text) => {
    const heard = await say(text);
    const [head = '', body = ''] = heard.split('\r\n\r\n', 2);
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    const problem = problemSchema.parse(JSON.parse(body));
    expect(problem).toMatchObject({ status, code });
    expect(head.toLowerCase()).toContain(`x-request-id: ${problem.instance.split(':').at(-1)?.toLowerCase()}`);
    expect(head.toLowerCase()).toContain(`content-length: ${Buffer.byteLength(body)}`);
  });

  it('behind an upgrade that is not taken up is not heard: the connection ends', async () => {
    const offer = 'GET /thing HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n';
    const heard = await say(`${offer}rubbish\r\n\r\n`);
    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
    expect(heard).toMatch(/\r\nconnection: close\r\n/i);
    expect(heard.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each(['CONNECT x:1', 'POST /thing'])('leaves no connection behind when more comes: %s', async (start) => {
    const more = 'x'.repeat(3_000_000);
    // The end may overtake the answer.
    await say(`${start} HTTP/1.1\r\n${JSON_BODY}Expect: tea\r\nContent-Length: ${more.length}\r\n\r\n${more}`).catch(
      () => {},
    );
    while (bounds.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(bounds.busiestAddress).toBe(0);
  });

  it('whose answer has begun gets no second one', async () => {
    const heard = await say(`GET /thing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n`);
    expect(heard.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  it('does not include HTTP/1.0 without Host, nor an empty body on GET', async () => {
    expect(await say('GET /thing HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200/);
    expect(await say(`GET /thing HTTP/1.1\r\n${CLOSE}Content-Length: 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200/);
    expect(await say(withBody(`POST /thing HTTP/1.1\r\n${JSON_BODY}Expect: 100-continue\r\n`, '{"a":1}'))).toContain(
      '{"got":{"a":1}}',
    );
  });
});

describe('a refusal for a while', () => {
  it('says how long in whole seconds', async () => {
    expect(await say(`GET /busy HTTP/1.1\r\n${CLOSE}\r\n`)).toMatch(/503 .*\r\n(.*\r\n)*retry-after: 3\r\n/i);
    expect(await say(`GET /stopping HTTP/1.1\r\n${CLOSE}\r\n`)).toMatch(/503 .*\r\n(.*\r\n)*retry-after: 1\r\n/i);
  });
});

describe('open connections', () => {
  it('are bounded in all and from one address, and a place that is left can be taken', async () => {
    const hold = (localAddress: string) => {
      const socket = connect({ host: '127.0.0.1', port, localAddress });
      socket.on('error', () => {});
      return socket;
    };
    const request = `GET /thing HTTP/1.1\r\n${CLOSE}\r\n`;
    const held = ['127.0.0.2', '127.0.0.2', '127.0.0.2'].map(hold);
    while (bounds.connections < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(bounds.busiestAddress).toBe(3);
    const refused = await say(request, '127.0.0.2');
    expect(refused).toMatch(/^HTTP\/1\.1 503 (.*\r\n)*Retry-After: 1\r\n/);
    expect(refused).toContain('"code":"TOO_MANY_CONNECTIONS"');
    held.push(hold('127.0.0.3'));
    while (bounds.connections < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(await say(request, '127.0.0.4')).toContain('connections already in all');
    for (const socket of held) socket.destroy();
    while (bounds.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(bounds.busiestAddress).toBe(0);
    expect(await say(request, '127.0.0.2')).toMatch(/^HTTP\/1\.1 200/);
  });
});
