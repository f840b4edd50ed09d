import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeClock } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient } from './client.ts';
import { PROBLEM_MEDIA_TYPE } from '../problem.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

const ENDPOINT = { id: 'e', host: 'h', port: 23 };

/** What the peer answers; each test sets its own. */
let answer: (response: http.ServerResponse) => void = (response) => response.end('{}');
let seen: Seen[] = [];
let connections = 0;
const peer = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    seen.push({ method, url, authorization: headers.authorization, body: Buffer.concat(chunks).toString() });
    answer(response);
  });
});
let url = '';

beforeAll(async () => {
  peer.on('connection', () => connections++);
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`;
});
afterAll(() => {
  peer.close();
  peer.closeAllConnections();
});

function respond(status: number, type: string, body: string): void {
  seen = [];
  answer = (response) => response.writeHead(status, { 'content-type': type }).end(body);
}

describe('createClient', () => {
  it('sends the token, the query and the body of each call over one connection', async () => {
    using client = createClient({ url, token: 'the-token' });
    connections = 0;
    respond(200, 'application/json', '{"items":[],"next_cursor":null}');
    await client.listSessions({ limit: 5 });
    await client.createSession({ host: 'h', port: 1 });
    await client.getScreen('a/b', { after: 7, timeoutMs: 100 });
    await client.sendInput('x', { actions: [] });
    await client.deleteSession('x');
    expect(seen.map(({ method, url: path, body }) => [method, path, body])).toEqual([
      ['GET', '/api/v1/sessions?limit=5', ''],
      ['POST', '/api/v1/sessions', '{"host":"h","port":1}'],
      ['GET', '/api/v1/sessions/a%2Fb/screen?format=json&after=7&timeout_ms=100', ''],
      ['POST', '/api/v1/sessions/x/input', '{"actions":[]}'],
      ['DELETE', '/api/v1/sessions/x', ''],
    ]);
    expect(new Set(seen.map((each) => each.authorization))).toEqual(new Set(['Bearer the-token']));
    expect(connections).toBe(1);
  });

  it.each<[name: string, call: (client: Client) => Promise<unknown>, method: string, path: string, body?: unknown]>([
    [
      'suspendSession',
      (c) => c.suspendSession('a', { timeout_ms: 5 }),
      'POST',
      '/sessions/a/suspend',
      { timeout_ms: 5 },
    ],
    ['suspendSession without a time', (c) => c.suspendSession('a'), 'POST', '/sessions/a/suspend', {}],
    ['resumeSession', (c) => c.resumeSession('a'), 'POST', '/sessions/a/resume'],
    [
      'migrateSession',
      (c) => c.migrateSession('a', { endpoint: 'b' }),
      'PUT',
      '/sessions/a/migrate',
      { endpoint: 'b' },
    ],
    ['getSnapshot', (c) => c.getSnapshot('a'), 'GET', '/sessions/a/snapshot'],
    ['explainSession', (c) => c.explainSession('a'), 'GET', '/sessions/a/explain'],
    ['listEndpoints', (c) => c.listResources('endpoint', { cursor: 'x' }), 'GET', '/endpoints?cursor=x'],
    ['createEndpoint', (c) => c.createResource('endpoint', ENDPOINT), 'POST', '/endpoints', ENDPOINT],
    ['getEndpoint', (c) => c.getResource('endpoint', 'e'), 'GET', '/endpoints/e'],
    ['putEndpoint', (c) => c.putResource('endpoint', 'e', ENDPOINT), 'PUT', '/endpoints/e', ENDPOINT],
    ['deleteEndpoint', (c) => c.deleteResource('endpoint', 'e'), 'DELETE', '/endpoints/e'],
    ['getEndpointHealth', (c) => c.getEndpointHealth('e'), 'GET', '/endpoints/e/health'],
    ['drainEndpoint', (c) => c.drainEndpoint('e', { undo: true }), 'POST', '/endpoints/e/drain', { undo: true }],
    ['listEndpointGroups', (c) => c.listResources('endpoint_group', { limit: 1 }), 'GET', '/endpoint-groups?limit=1'],
    [
      'createEndpointGroup',
      (c) => c.createResource('endpoint_group', { id: 'g' }),
      'POST',
      '/endpoint-groups',
      { id: 'g' },
    ],
    ['getEndpointGroup', (c) => c.getResource('endpoint_group', 'g'), 'GET', '/endpoint-groups/g'],
    ['deleteEndpointGroup', (c) => c.deleteResource('endpoint_group', 'g'), 'DELETE', '/endpoint-groups/g'],
    ['listOperations', (c) => c.listOperations(), 'GET', '/operations'],
    ['getOperation', (c) => c.getOperation('o'), 'GET', '/operations/o'],
  ])('%s calls its route and gives the answer', async (_name, call, method, path, body) => {
    using client = createClient({ url, token: 't' });
    respond(200, 'application/json', '{"the":"answer"}');
    const answered = await call(client);
    expect(answered).toEqual(method === 'DELETE' ? undefined : { the: 'answer' });
    const sent = body === undefined ? '' : JSON.stringify(body);
    expect(seen.map((each) => [each.method, each.url, each.body])).toEqual([[method, `/api/v1${path}`, sent]]);
  });

  it('raises a problem body as the error that it tells of', async () => {
    using client = createClient({ url, token: 't' });
    const problem = {
      code: 'FIELD_PROTECTED',
      detail: 'Row 1 column 1 is protected',
      hint: 'Tab.',
      retryable: false,
      status: 409,
      details: { completed_actions: 2 },
      errors: [],
    };
    respond(409, PROBLEM_MEDIA_TYPE, JSON.stringify(problem));
    await expect(client.sendInput('x', { actions: [] })).rejects.toMatchObject({
      code: 'FIELD_PROTECTED',
      message: problem.detail,
      hint: 'Tab.',
      retryable: false,
      status: 409,
      details: { completed_actions: 2 },
    });
  });

  it.each([
    ['an error without a problem body', 502, 'text/html', '<h1>Bad gateway</h1>'],
    ['an answer that is not JSON', 200, 'application/json', '<'],
    ['a problem that is not JSON', 500, PROBLEM_MEDIA_TYPE, '<'],
  ])('raises API_ANSWER_INVALID for %s', async (_title, status, type, body) => {
    using client = createClient({ url, token: 't' });
    respond(status, type, body);
    await expect(client.getSession('x')).rejects.toMatchObject({ code: 'API_ANSWER_INVALID' });
  });

  it('raises API_UNREACHABLE when nothing listens, and names the address', async () => {
    const closed = http.createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    using client = createClient({ url: `http://127.0.0.1:${port}`, token: 't' });
    await expect(client.listSessions()).rejects.toMatchObject({
      code: 'API_UNREACHABLE',
      message: `The server at http://127.0.0.1:${port} cannot be reached: connection refused`,
    });
  });

  it.each([
    ['does not come', () => {}],
    ['stops in the middle', (response: http.ServerResponse) => response.writeHead(200).write('{')],
  ])('raises API_TIMEOUT when the answer %s, and leaves no timer behind', async (_title, begin) => {
    const clock = new FakeClock();
    using client = createClient({ url, token: 't', timeoutMs: 5_000, clock });
    const asked = new Promise<void>((resolve) => {
      answer = (response) => {
        begin(response);
        resolve();
      };
    });
    const call = client.getSession('x');
    call.catch(() => {});
    await asked;
    await clock.advance(4_999);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    await expect(call).rejects.toMatchObject({ code: 'API_TIMEOUT', details: { timeout_ms: 5_000 } });
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    ['before the answer', () => {}],
    ['in the middle of the answer', (response: http.ServerResponse) => response.writeHead(200).write('{')],
  ])('ends a call when its signal aborts %s', async (_title, begin) => {
    const clock = new FakeClock();
    using client = createClient({ url, token: 't', clock });
    const controller = new AbortController();
    answer = (response) => {
      begin(response);
      setImmediate(() => controller.abort());
    };
    await expect(client.getSession('x', controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(['ftp://h', 'localhost:7070', ''])('refuses %j as an address', (bad) => {
    expect(() => createClient({ url: bad, token: 't' })).toThrow(expect.objectContaining({ code: 'API_URL_INVALID' }));
  });
});
