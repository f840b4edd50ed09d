import * as http from 'node:http';
import * as net from 'node:net';
import {
  type CreateSession,
  inputResultSchema,
  LIMITS,
  PROBLEM_MEDIA_TYPE,
  type Problem,
  problemSchema,
  type Route,
  ROUTES,
  screenCellsSchema,
  screenSchema,
  sessionListSchema,
  sessionSchema,
} from '@roundhouse/api';
import { FakeSession } from '@roundhouse/testing';
import { FIELD_ATTRIBUTE, type SessionOptions } from '@roundhouse/tn3270';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLog } from './log/silentLog.fixture.ts';
import { FakeSupervisor } from './worker/supervisor.fixture.ts';
import { createServer, type Server } from './server.ts';

const TOKEN = 'a-token-of-this-test';
const SESSIONS = '/api/v1/sessions';
const TARGET: CreateSession = { host: '127.0.0.1', port: 3271 };

/** Sessions that the server opened, latest last. */
let opened: FakeSession[] = [];
let optionsSeen: SessionOptions | undefined;
/** What the host does once connected; the default shows a log-on screen. */
let hostDoes = logonScreen;
/** Holds the connection back. */
let connection: Promise<void> = Promise.resolve();
let server: Server;
let url = '';

function logonScreen(session: FakeSession): void {
  session.hostSetsField(1, 1, FIELD_ATTRIBUTE.Protected);
  session.hostWrites(1, 2, 'WELCOME');
  session.hostSetsField(5, 19, 0);
  session.hostSetsField(5, 40, FIELD_ATTRIBUTE.Nondisplay);
  session.hostWrites(5, 41, 'HUSH');
  session.hostSetsField(5, 60, FIELD_ATTRIBUTE.Protected);
  session.hostUnlocks();
}

beforeAll(async () => {
  server = await createServer(
    {
      port: 0,
      token: TOKEN,
      version: '1.2.3',
      maxSessions: 5,
      // Many wrong tokens come from one address here.
      rateLimits: { anonymous: { perSecond: 10_000, burst: 10_000 } },
      authentication: { lockout: { max_failures_per_address: 10_000 } },
    },
    {
      log: silentLog(),
      supervisor: new FakeSupervisor(),
      openSession: async (options, scope) => {
        optionsSeen = options;
        await connection;
        const session = new FakeSession(options);
        scope.onEnd((reason) => session.destroy(reason));
        opened.push(session);
        queueMicrotask(() => hostDoes(session));
        return session;
      },
    },
  );
  ({ url } = await server.start());
});
afterAll(() => server.stop());
afterEach(async () => {
  hostDoes = logonScreen;
  connection = Promise.resolve();
  const { items } = JSON.parse((await call('GET', SESSIONS)).text) as { items: Array<{ id: string }> };
  for (const { id } of items) await call('DELETE', `${SESSIONS}/${id}`);
  opened = [];
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

interface CallOptions {
  /** Another server than the one of this file. */
  readonly at?: string;
  readonly token?: string | null;
  readonly body?: unknown;
  readonly rawBody?: string | Buffer;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { at = url, token = TOKEN, body, rawBody = body === undefined ? undefined : JSON.stringify(body) } = options;
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(rawBody === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(`${at}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(rawBody);
  });
}

function problem(answer: Answer): Problem {
  expect(answer.headers['content-type']).toContain(PROBLEM_MEDIA_TYPE);
  const parsed = problemSchema.parse(JSON.parse(answer.text));
  expect(parsed.status).toBe(answer.status);
  expect(parsed.hint).not.toBe('');
  return parsed;
}

async function openedSession(request: Partial<CreateSession> = {}): Promise<{ id: string; session: FakeSession }> {
  const answer = await call('POST', SESSIONS, { body: { ...TARGET, ...request } });
  expect(answer.status, answer.text).toBe(201);
  return { id: sessionSchema.parse(JSON.parse(answer.text)).id, session: opened.at(-1) as FakeSession };
}

const ROUTE_TABLE = Object.entries<Route>(ROUTES).map(([name, route]) => [name, route] as const);
const CLOSED_ROUTES = ROUTE_TABLE.filter(([, route]) => route.permission !== 'none');
const pathOf = (route: Route): string =>
  route.path
    .replace('{id}', 'ses_none')
    .replace('{delivery}', '7')
    .replace('{module}', 'nobody')
    .replace('{group}', 'none');

const VALID_BODIES: Readonly<Record<string, unknown>> = {
  sendInput: { actions: [] },
  migrateSession: { host: '127.0.0.1', port: 23 },
  putLogLevel: { level: 'debug' },
  signalWorker: { signal: 'HUP' },
  execWorker: { command: ['true'] },
  scaleWorker: { replicas: 1 },
  scaleWorkerGroup: { replicas: 1 },
};

const NOT_FOUND_CODES: Readonly<Record<string, string>> = {
  mail: 'MAIL_NOT_FOUND',
  sessions: 'SESSION_NOT_FOUND',
  endpoints: 'ENDPOINT_NOT_FOUND',
  'endpoint-groups': 'GROUP_NOT_FOUND',
  operations: 'OPERATION_NOT_FOUND',
  roles: 'ROLE_NOT_FOUND',
  principals: 'PRINCIPAL_NOT_FOUND',
  'api-keys': 'API_KEY_NOT_FOUND',
  webhooks: 'WEBHOOK_NOT_FOUND',
  'log-levels': 'LOG_MODULE_UNKNOWN',
  workers: 'WORKER_NOT_FOUND',
  'worker-groups': 'WORKER_GROUP_NOT_FOUND',
  // This server has no journal.
  audit: 'AUDIT_DISABLED',
};

describe('every route', () => {
  it.each(CLOSED_ROUTES)('%s refuses a wrong token and none at all', async (_name, route) => {
    for (const token of ['wrong', null, `${TOKEN}x`]) {
      const answer = await call(route.method, pathOf(route), { token });
      const code = token === null ? 'UNAUTHENTICATED' : 'CREDENTIALS_INVALID';
      expect(problem(answer)).toMatchObject({ status: 401, code });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it.each(ROUTE_TABLE)('%s refuses other methods and says which it takes', async (_name, route) => {
    const answer = await call('PATCH', pathOf(route));
    expect(problem(answer)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    expect(answer.headers.allow).toContain(route.method);
  });

  it.each(ROUTE_TABLE.filter(([, route]) => route.params !== undefined))(
    '%s knows nothing of that name',
    async (name, route) => {
      const body = VALID_BODIES[name];
      // PUT makes what is not there.
      if (route.method === 'PUT' && body === undefined) return;
      const answer = await call(route.method, pathOf(route), body === undefined ? {} : { body });
      expect(problem(answer)).toMatchObject({
        status: 404,
        code: NOT_FOUND_CODES[route.path.split('/')[3] as string],
      });
    },
  );

  it.each(ROUTE_TABLE.filter(([, route]) => route.query !== undefined))(
    '%s refuses an unknown parameter',
    async (_name, route) => {
      const { id } = await openedSession();
      const answer = await call(route.method, `${route.path.replace('{id}', id)}?zzz=1`);
      const { status, code, errors } = problem(answer);
      // Whether the webhook of the path is there is asked first.
      if (route.path.includes('/webhooks/{id}')) return;
      expect({ status, code }).toEqual({ status: 422, code: 'VALIDATION_FAILED' });
      expect(errors).toContainEqual(expect.objectContaining({ in: 'query', pointer: '/zzz' }));
    },
  );

  it.each(ROUTE_TABLE.filter(([, route]) => route.body !== undefined))(
    '%s refuses an unknown field and a wrong type',
    async (_name, route) => {
      const { id } = await openedSession();
      const path = route.path.replace('{id}', route.path.includes('/endpoints/') ? 'lpar1' : id);
      const unknown = problem(await call(route.method, path, { body: { zzz: 1 } }));
      expect(unknown).toMatchObject({ status: 422, code: 'VALIDATION_FAILED' });
      expect(unknown.errors).toContainEqual({ in: 'body', pointer: '/zzz', detail: 'Unknown field' });
      for (const body of [[], 'text', 1, null]) {
        expect(problem(await call(route.method, path, { body }))).toMatchObject({
          code: 'VALIDATION_FAILED',
          errors: [{ pointer: '' }],
        });
      }
      if (route.bodyOptional === true) return;
      expect(problem(await call(route.method, path))).toMatchObject({ status: 422, code: 'VALIDATION_FAILED' });
    },
  );

  it.each(ROUTE_TABLE.filter(([, route]) => route.body !== undefined))(
    '%s refuses a body that is no JSON, too large or of another type',
    async (_name, route) => {
      const { id } = await openedSession();
      const path = route.path.replace('{id}', id);
      const send = async (options: CallOptions) => problem(await call(route.method, path, options));
      expect(await send({ rawBody: '{"a":' })).toMatchObject({ status: 400, code: 'BODY_INVALID' });
      expect(await send({ rawBody: Buffer.from([0x22, 0xff, 0x22]) })).toMatchObject({
        status: 400,
        code: 'BODY_INVALID',
      });
      expect(await send({ rawBody: '{}', contentType: 'text/plain' })).toMatchObject({
        status: 415,
        code: 'MEDIA_TYPE_UNSUPPORTED',
      });
      const large = JSON.stringify({ x: 'x'.repeat(LIMITS.maxBodyBytes) });
      expect(await send({ rawBody: large })).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    },
  );
});

describe('the rest of the server', () => {
  it('answers the probes without a token', async () => {
    expect(await call('GET', '/livez', { token: null })).toMatchObject({ status: 200, text: '{"status":"live"}' });
    expect(await call('GET', '/readyz', { token: null })).toMatchObject({ status: 200, text: '{"status":"ready"}' });
  });

  it('answers an unknown path with a problem, and tells strangers nothing', async () => {
    expect(problem(await call('GET', '/api/v1/nothing'))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(problem(await call('GET', '/api/v1/nothing', { token: null }))).toMatchObject({ status: 401 });
  });

  it.each([
    [
      'a path with a broken escape',
      'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      400,
      'REQUEST_MALFORMED',
    ],
    ['bytes that are not HTTP', 'NONSENSE\r\n\r\n', 400, 'REQUEST_MALFORMED'],
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ])('answers %s with a problem', async (_title, bytes, status, code) => {
    const { hostname, port } = new URL(url);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
      let received = '';
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
    });
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text.toLowerCase()).toContain(`content-type: ${PROBLEM_MEDIA_TYPE}`);
    expect(problemSchema.parse(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)))).toMatchObject({ status, code });
  });

  it('gives each request an instance of its own', async () => {
    const one = problem(await call('GET', '/nothing'));
    const two = problem(await call('GET', '/nothing'));
    expect(one.instance).not.toBe(two.instance);
  });

  it('serves its OpenAPI document', async () => {
    const answer = await call('GET', '/api/v1/openapi.json');
    expect(JSON.parse(answer.text)).toMatchObject({ openapi: '3.1.1', info: { version: '1.2.3' } });
  });

  it('counts what it does', async () => {
    const { id } = await openedSession();
    await call('GET', `${SESSIONS}/${id}/screen`);
    await call('POST', `${SESSIONS}/${id}/input`, { body: { actions: [{ type: 'text', text: 'x' }] } });
    const { text, headers } = await call('GET', '/metrics');
    expect(headers['content-type']).toContain('version=0.0.4');
    expect(text).toContain('roundhouse_sessions{state="active"} 1\n');
    expect(text).toMatch(/^roundhouse_sessions_created_total [1-9]/m);
    expect(text).toMatch(/^roundhouse_screen_reads_total\{format="json"\} [1-9]/m);
    expect(text).toMatch(/^roundhouse_session_inputs_total\{outcome="FIELD_PROTECTED"\} [1-9]/m);
    expect(text).toMatch(
      /_bucket\{le="\+Inf",method="GET",route="\/api\/v1\/sessions\/:id\/screen",status="200"\} [1-9]/,
    );
    expect(text).not.toContain(id);
  });

  it('names the port and the variable when the port is taken', async () => {
    const port = Number(new URL(url).port);
    const second = await createServer(
      { port, token: TOKEN, version: '1' },
      { log: silentLog(), openSession: () => Promise.reject() },
    );
    await expect(second.start()).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { port, variable: 'ROUNDHOUSE_PORT' },
    });
    await second.stop();
  });
});

describe('resources', () => {
  it('are read again only where the version says all that is shown', async () => {
    await call('POST', '/api/v1/roles', { body: { id: 'clerk', rules: [] } });
    await call('POST', '/api/v1/endpoint-groups', { body: { id: 'seen' } });
    for (const [path, status] of [
      ['/api/v1/roles/clerk', 304],
      ['/api/v1/endpoint-groups/seen', 200],
    ] as const) {
      const { etag } = (await call('GET', path)).headers;
      expect(etag).toMatch(/^"\d+"$/);
      const again = await call('GET', path, { headers: { 'if-none-match': etag as string } });
      expect([again.status, again.headers.etag], path).toEqual([status, etag]);
    }
    await call('DELETE', '/api/v1/roles/clerk');
    await call('DELETE', '/api/v1/endpoint-groups/seen');
  });
});

describe('sessions', () => {
  it('are created with what the engine was told, and shown, listed and deleted', async () => {
    const answer = await call('POST', SESSIONS, {
      body: {
        ...TARGET,
        lu: 'LU1',
        model: '3278-2',
        code_page: 'cp037',
        application: 'demo',
        user: 'JOE',
        compat: { tn3270e: false, unlock_delay_ms: 5 },
        tls: { verify: false, server_name: 'host.test' },
        metadata: { team: 'ops' },
      },
    });
    const created = sessionSchema.parse(JSON.parse(answer.text));
    expect(answer.headers.location).toBe(`${SESSIONS}/${created.id}`);
    expect(optionsSeen).toMatchObject({
      host: '127.0.0.1',
      port: 3271,
      lu: ['LU1'],
      model: '3278-2',
      codePage: 'cp037',
      user: 'JOE',
      compat: { tn3270e: false, unlockDelayMs: 5 },
      tls: { verify: false, serverName: 'host.test' },
    });
    expect(created).toMatchObject({
      state: 'connected',
      connection_state: 'connected-tn3270e',
      model: '3278-2',
      code_page: '037',
      application: 'demo',
      user: 'JOE',
      error: null,
      metadata: { team: 'ops' },
    });
    expect(JSON.parse((await call('GET', `${SESSIONS}/${created.id}`)).text)).toEqual(created);
    const list = sessionListSchema.parse(JSON.parse((await call('GET', SESSIONS)).text));
    expect(list).toEqual({ items: [created], next_cursor: null });
    expect((await call('DELETE', `${SESSIONS}/${created.id}`)).status).toBe(204);
    expect(opened[0]?.hasEnded).toBe(true);
    expect(problem(await call('DELETE', `${SESSIONS}/${created.id}`)).code).toBe('SESSION_NOT_FOUND');
  });

  it('are listed page by page', async () => {
    const ids = [];
    for (let count = 0; count < 3; count++) ids.push((await openedSession()).id);
    const first = sessionListSchema.parse(JSON.parse((await call('GET', `${SESSIONS}?limit=2`)).text));
    const second = sessionListSchema.parse(
      JSON.parse((await call('GET', `${SESSIONS}?limit=2&cursor=${first.next_cursor}`)).text),
    );
    expect([...first.items, ...second.items].map((each) => each.id)).toEqual(ids);
    expect(second.next_cursor).toBeNull();
    expect(problem(await call('GET', `${SESSIONS}?cursor=forged`))).toMatchObject({
      status: 422,
      code: 'CURSOR_INVALID',
    });
  });

  it('answer at once with wait none, and are not ready until connected', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    connection = promise;
    const answer = await call('POST', SESSIONS, { body: { ...TARGET, wait: 'none' } });
    expect(answer.status).toBe(201);
    const created = sessionSchema.parse(JSON.parse(answer.text));
    expect(created).toMatchObject({ state: 'initializing', connection_state: 'not-connected' });
    expect(problem(await call('GET', `${SESSIONS}/${created.id}/screen`))).toMatchObject({
      status: 409,
      code: 'SESSION_NOT_READY',
    });
    resolve();
    expect((await call('GET', `${SESSIONS}/${created.id}/screen`)).status).toBe(200);
  });

  it('are refused when the engine knows no such model or code page, and beyond the limit', async () => {
    expect(problem(await call('POST', SESSIONS, { body: { ...TARGET, model: '9999' } })).code).toBe('MODEL_UNKNOWN');
    expect(problem(await call('POST', SESSIONS, { body: { ...TARGET, code_page: 'x', wait: 'none' } })).code).toBe(
      'CODE_PAGE_UNKNOWN',
    );
    for (let count = 0; count < 5; count++) await openedSession();
    expect(problem(await call('POST', SESSIONS, { body: TARGET }))).toMatchObject({
      status: 429,
      code: 'SESSION_LIMIT_REACHED',
    });
  });

  it('leave nothing behind when the host says nothing', async () => {
    hostDoes = () => {};
    const answer = await call('POST', SESSIONS, { body: { ...TARGET, timeout_ms: 20 } });
    expect(problem(answer)).toMatchObject({ code: 'HOST_SILENT', retryable: true });
    expect(opened[0]?.hasEnded).toBe(true);
    expect(JSON.parse((await call('GET', SESSIONS)).text)).toMatchObject({ items: [] });
  });

  it('leave nothing behind when the host closes before its first screen', async () => {
    hostDoes = (session) => session.hostCloses();
    expect(problem(await call('POST', SESSIONS, { body: TARGET })).code).toBe('HOST_CLOSED');
    expect(JSON.parse((await call('GET', SESSIONS)).text)).toMatchObject({ items: [] });
  });

  it('that the host ended stay visible with the reason, and read as gone', async () => {
    const { id, session } = await openedSession();
    session.hostCloses();
    expect(JSON.parse((await call('GET', `${SESSIONS}/${id}`)).text)).toMatchObject({
      state: 'closed',
      connection_state: 'not-connected',
      error: { code: 'HOST_CLOSED' },
    });
    expect(problem(await call('GET', `${SESSIONS}/${id}/screen`))).toMatchObject({
      status: 410,
      code: 'SESSION_CLOSED',
    });
    expect((await call('DELETE', `${SESSIONS}/${id}`)).status).toBe(204);
  });
});

describe('the screen', () => {
  it('comes as JSON by the schema, with hidden fields masked', async () => {
    const { id } = await openedSession();
    const answer = await call('GET', `${SESSIONS}/${id}/screen`);
    const screen = screenSchema.parse(JSON.parse(answer.text));
    expect(screen.screen_data).toContain('WELCOME');
    expect(answer.text).not.toContain('HUSH');
    expect(screen.fields.find((field) => field.row === 5 && field.column === 41)).toMatchObject({
      hidden: true,
      value: '',
    });
  });

  it.each([
    ['text', 'text/plain'],
    ['html', 'text/html'],
    ['cells', 'application/json'],
  ])('comes as %s, with hidden fields masked', async (format, mediaType) => {
    const { id } = await openedSession();
    const answer = await call('GET', `${SESSIONS}/${id}/screen?format=${format}`);
    expect(answer.headers['content-type']).toContain(mediaType);
    expect(answer.text).toContain(format === 'cells' ? 'e6 c5 d3 c3 d6 d4 c5' : 'WELCOME');
    expect(answer.text).not.toMatch(/HUSH|c8 e4 e2 c8/);
    if (format === 'cells') screenCellsSchema.parse(JSON.parse(answer.text));
  });

  it('is waited for until it is newer', async () => {
    const { id, session } = await openedSession();
    const { version } = session.screen;
    const waits = vi.spyOn(session, 'waitFor').mockClear();
    const waiting = call('GET', `${SESSIONS}/${id}/screen?after=${version}&timeout_ms=5000`);
    await vi.waitFor(() => expect(waits).toHaveBeenCalledOnce());
    session.hostWrites(2, 2, 'NEWS');
    const screen = screenSchema.parse(JSON.parse((await waiting).text));
    expect(screen.version).toBeGreaterThan(version);
    expect(screen.screen_data).toContain('NEWS');
  });

  it('is the present one when nothing newer came in time', async () => {
    const { id, session } = await openedSession();
    const { version } = session.screen;
    const answer = await call('GET', `${SESSIONS}/${id}/screen?after=${version}&timeout_ms=1`);
    expect(screenSchema.parse(JSON.parse(answer.text)).version).toBe(version);
  });

  it('is read again after the keyboard was locked, though no cell changed', async () => {
    const { id, session } = await openedSession();
    const before = JSON.parse((await call('GET', `${SESSIONS}/${id}/screen`)).text) as unknown;
    session.perform({ type: 'key', key: 'Enter' });
    const after = JSON.parse((await call('GET', `${SESSIONS}/${id}/screen`)).text) as unknown;
    expect(before).toMatchObject({ keyboard_locked: false, lock_reason: null });
    expect(after).toMatchObject({ keyboard_locked: true, lock_reason: 'twait' });
  });
});

describe('input', () => {
  const send = (id: string, body: unknown) => call('POST', `${SESSIONS}/${id}/input`, { body });

  it('types, and answers with the screen once the host has unlocked', async () => {
    const { id, session } = await openedSession();
    session.onAid = (key) =>
      queueMicrotask(() => {
        session.hostWrites(10, 2, `GOT ${key.toUpperCase()}`);
        session.hostUnlocks();
      });
    const answer = await send(id, {
      actions: [
        { type: 'field', row: 5, column: 20, value: 'JOE' },
        { type: 'key', key: 'Enter' },
      ],
    });
    const result = inputResultSchema.parse(JSON.parse(answer.text));
    expect(result).toMatchObject({ outcome: 'ok', completed_actions: 2, keyboard_locked: false });
    expect(result.screen_data).toContain('GOT ENTER');
    expect(result.fields.find((field) => field.row === 5 && field.column === 20)).toMatchObject({
      value: 'JOE',
      modified: true,
    });
  });

  it('says which action failed and how many were done, and leaves the session usable', async () => {
    const { id } = await openedSession();
    const answer = await send(id, {
      actions: [
        { type: 'cursor', row: 5, column: 20 },
        { type: 'text', text: 'A' },
        { type: 'cursor', row: 1, column: 3 },
        { type: 'text', text: 'B' },
        { type: 'text', text: 'C' },
      ],
    });
    expect(problem(answer)).toMatchObject({
      status: 409,
      code: 'FIELD_PROTECTED',
      details: { completed_actions: 3, failed_action: 3, row: 1, column: 3 },
    });
    expect(
      (
        await send(id, {
          actions: [
            { type: 'cursor', row: 5, column: 20 },
            { type: 'text', text: 'D' },
          ],
        })
      ).status,
    ).toBe(200);
  });

  it('that waits in vain is a WAIT_TIMEOUT with all actions done', async () => {
    const { id } = await openedSession();
    const wait = { for: 'text', text: 'NEVER', timeout_ms: 5 };
    const answer = await send(id, { actions: [{ type: 'key', key: 'Home' }], wait });
    expect(problem(answer)).toMatchObject({
      status: 504,
      code: 'WAIT_TIMEOUT',
      details: { completed_actions: 1, timeout_ms: 5, wait_for: 'text' },
    });
    expect((await call('GET', `${SESSIONS}/${id}/screen`)).status).toBe(200);
  });

  it('waits for text, cursor and change as asked, and for nothing', async () => {
    const { id } = await openedSession();
    for (const wait of [
      { for: 'text', text: 'WELCOME' },
      { for: 'cursor', row: 5, column: 20 },
      { for: 'change', after: 0 },
      { for: 'none' },
    ]) {
      expect((await send(id, { actions: [{ type: 'cursor', row: 5, column: 20 }], wait })).status).toBe(200);
    }
  });

  it('of too many actions is refused before any is done', async () => {
    const { id, session } = await openedSession();
    const { version } = session.screen;
    const answer = await send(id, { actions: Array.from({ length: 10_000 }, () => ({ type: 'key', key: 'Tab' })) });
    expect(problem(answer)).toMatchObject({
      status: 422,
      code: 'TOO_MANY_ACTIONS',
      details: { actions: 10_000, max_actions: LIMITS.maxActions, completed_actions: 0 },
    });
    expect(session.screen.version).toBe(version);
  });

  it('of one session runs one after the other', async () => {
    const { id, session } = await openedSession();
    const seen: string[] = [];
    session.onAid = (key) => {
      seen.push(key);
      if (key === 'PF1') setImmediate(() => session.hostUnlocks());
      else session.hostUnlocks();
    };
    const answers = await Promise.all(
      ['PF1', 'PF2', 'PF3'].map((key) => send(id, { actions: [{ type: 'key', key }] })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(seen).toHaveLength(3);
  });

  it('ends with the reason when the host goes away during the wait', async () => {
    const { id, session } = await openedSession();
    session.onAid = () => queueMicrotask(() => session.hostCloses());
    const answer = await send(id, { actions: [{ type: 'key', key: 'Enter' }] });
    expect(problem(answer)).toMatchObject({
      code: 'SESSION_CLOSED',
      details: { completed_actions: 1, cause: 'HOST_CLOSED' },
    });
  });
});

describe('stopping', () => {
  it('ends waits, closes sessions and refuses what still comes', async () => {
    const session = new FakeSession();
    const other = await createServer(
      { port: 0, token: TOKEN, version: '1' },
      { log: silentLog(), openSession: async () => (queueMicrotask(() => logonScreen(session)), session) },
    );
    const { url: at } = await other.start();
    const { id } = JSON.parse((await call('POST', SESSIONS, { at, body: TARGET })).text) as { id: string };
    const waits = vi.spyOn(session, 'waitFor').mockClear();
    const waiting = call('GET', `${SESSIONS}/${id}/screen?after=999&timeout_ms=60000`, { at });
    await vi.waitFor(() => expect(waits).toHaveBeenCalledOnce());
    await Promise.all([other.stop(), other.stop()]);
    expect(problem(await waiting)).toMatchObject({ code: 'SESSION_CLOSED' });
    expect(session.hasEnded).toBe(true);
    await expect(call('GET', '/livez', { at })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
