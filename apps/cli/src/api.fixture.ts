import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type ApiKeyResource,
  type EndpointGroupResource,
  type EndpointResource,
  type Operation,
  type PrincipalResource,
  PROBLEM_MEDIA_TYPE,
  type Route,
  type RouteName,
  ROUTES,
  type RoleResource,
  type SessionResource,
  validate,
  validateQuery,
  type WebhookResource,
  type WorkerInstanceResource,
  type WorkerResource,
  type WorkerUsageSample,
} from '@roundhouse/api';
import type { Clock, Timer } from '@roundhouse/core';
import { expect } from 'vitest';
import type { ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { run } from './main.ts';

/** What a test answers with: JSON or text of the route, a problem by its code, or the response itself. */
type Reply = ((asked: Asked, response: http.ServerResponse) => unknown) | object | string;

export interface Asked {
  readonly route: RouteName;
  /** What stands for `{id}` in the path. */
  readonly id: string | undefined;
  /** What stands for any name in the path. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** A list for what is given more than once. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly body: unknown;
  readonly headers: http.IncomingHttpHeaders;
}

interface Ran {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

const TOKEN = 'a-token-of-this-test';

/**
 * An API without a server behind it. It takes what the schemas of the routes take, and fails the test that answers with
 * what they do not give.
 */
export class FakeApi implements AsyncDisposable {
  readonly asked: Asked[] = [];
  /** By route. */
  readonly replies: Partial<Record<RouteName, Reply>> = {};
  token = TOKEN;
  #fault: unknown;
  readonly #server: http.Server;

  private constructor() {
    this.#server = http.createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.#fault = error;
        response.destroy();
      });
    });
  }

  static async start(): Promise<FakeApi> {
    const api = new FakeApi();
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Runs one command line against it. */
  async cli(argv: readonly string[], io: Partial<Io> = {}): Promise<Ran> {
    let stdout = '';
    let stderr = '';
    const code = await run(argv, {
      version: '9.9.9',
      env: { ROUNDHOUSE_URL: this.url, ROUNDHOUSE_TOKEN: TOKEN, ROUNDHOUSE_HOME: '/nonexistent' },
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      clock: new HastyClock(),
      ...io,
    });
    if (this.#fault !== undefined) throw this.#fault;
    return { code, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    const { name, route, params } = find(request.method ?? '', url.pathname);
    if (request.headers.authorization !== `Bearer ${this.token}`)
      return problem(response, new Problem(401, 'UNAUTHENTICATED'));
    const query = queryOf(url.searchParams);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    if (route.query !== undefined) expect(validateQuery(route.query, query)).toMatchObject({ ok: true });
    if (route.body !== undefined) expect(validate(route.body, body, 'body')).toMatchObject({ ok: true });
    else expect(text).toBe('');
    const asked: Asked = {
      route: name,
      id: params['id'],
      params,
      query,
      body,
      headers: request.headers,
    };
    this.asked.push(asked);
    const reply = this.replies[name];
    const answer = typeof reply === 'function' ? reply(asked, response) : reply;
    if (answer === RESPONDED) return;
    if (answer instanceof Problem) return problem(response, answer);
    if (typeof answer === 'string') return void response.writeHead(route.success.status).end(answer);
    const schema = route.success.content?.['application/json'];
    if (schema === undefined || schema === 'text') return void response.writeHead(route.success.status).end();
    expect(validate(schema, answer, 'body')).toMatchObject({ ok: true });
    response.writeHead(route.success.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}

/** Short waits are over at once, and have taken their time; the patience of calls never runs out. */
class HastyClock implements Clock {
  static readonly #LONGEST_MS = 1_000;
  #elapsedMs = 0;

  now(): number {
    return this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    if (delayMs > HastyClock.#LONGEST_MS) return { cancel() {} };
    const handle = setImmediate(() => {
      this.#elapsedMs += delayMs;
      callback();
    });
    return { cancel: () => clearImmediate(handle) };
  }
}

/** What a reply gives back that has written to the response itself. */
export const RESPONDED = Symbol('responded');

export class Problem {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, details: Readonly<Record<string, unknown>> = {}) {
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

function problem(response: http.ServerResponse, { status, code, details }: Problem): void {
  const body = { code, detail: `It is ${code}`, hint: 'Mend it.', retryable: false, status, details, errors: [] };
  response.writeHead(status, { 'content-type': PROBLEM_MEDIA_TYPE }).end(JSON.stringify(body));
}

function queryOf(parameters: URLSearchParams): Asked['query'] {
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const [first = '', ...others] = parameters.getAll(name);
      return [name, others.length === 0 ? first : [first, ...others]];
    }),
  );
}

interface Found {
  readonly name: RouteName;
  readonly route: Route;
  readonly params: Readonly<Record<string, string | undefined>>;
}

/** Words of a path go before names in it. */
function find(method: string, path: string): Found {
  const routes = Object.entries<Route>(ROUTES).toSorted(
    ([, a], [, b]) => a.path.split('{').length - b.path.split('{').length,
  );
  for (const [name, route] of routes) {
    const match = new RegExp(`^${route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`).exec(path);
    if (match === null || route.method !== method) continue;
    const params = Object.entries(match.groups ?? {}).map(
      ([each, value]) => [each, decodeURIComponent(value)] as const,
    );
    return { name: name as RouteName, route, params: Object.fromEntries(params) };
  }
  throw new Error(`There is no route ${method} ${path}`);
}

const AT = '2026-01-01T00:00:00.000Z';

const KEPT = { version: 1, origin: 'api', created_at: AT, updated_at: AT } as const;

export function sessionOf(over: Partial<SessionResource> = {}): SessionResource {
  return {
    id: 'ses_1',
    state: 'connected',
    host: '127.0.0.1',
    port: 3271,
    tls: false,
    endpoint: null,
    group: null,
    lu: null,
    connection_state: 'connected-tn3270e',
    model: '3279-4-E',
    code_page: 'bracket',
    application: null,
    user: null,
    created_by: null,
    created_at: AT,
    last_activity_at: AT,
    ended_at: null,
    error: null,
    metadata: {},
    ...over,
  };
}

export function endpointOf(over: Partial<EndpointResource> = {}): EndpointResource {
  return {
    id: 'lpar1',
    host: '127.0.0.1',
    port: 3271,
    tls: false,
    group: 'prod',
    weight: 1,
    priority: 0,
    max_sessions: null,
    lu_pools: {},
    logons_per_s: null,
    probe: {},
    status: 'healthy',
    draining: false,
    active_sessions: 3,
    total_sessions: 5,
    failures: 0,
    response_ms: null,
    labels: {},
    ...KEPT,
    ...over,
  };
}

export function groupOf(over: Partial<EndpointGroupResource> = {}): EndpointGroupResource {
  return {
    id: 'prod',
    strategy: 'p2c',
    affinity: { mode: 'hash', ttl_ms: 1 },
    queue: { max: 100, timeout_ms: 5_000 },
    panic: 'spread',
    failback: 'manual',
    fallback: [],
    failover: { enabled: true, timeout_ms: 1, max_parallel: 1 },
    model: null,
    code_page: null,
    lu: null,
    has_navigation: true,
    warm: { size: 2, ready: 1, opening: 1, leased: 0 },
    endpoints: ['a', 'b'],
    active_sessions: 4,
    queued: 0,
    labels: {},
    ...KEPT,
    ...over,
  };
}

export function roleOf(over: Partial<RoleResource> = {}): RoleResource {
  return { id: 'operator', description: null, rules: [], ...KEPT, ...over };
}

export function principalOf(over: Partial<PrincipalResource> = {}): PrincipalResource {
  return {
    id: 'joe',
    description: null,
    type: 'person',
    roles: ['operator'],
    disabled: false,
    has_password: true,
    certificates: [],
    addresses: null,
    ...KEPT,
    ...over,
  };
}

export function keyOf(over: Partial<ApiKeyResource> = {}): ApiKeyResource {
  return {
    id: 'batch7',
    principal: 'joe',
    description: null,
    roles: null,
    expires_at: null,
    addresses: null,
    last_used_at: null,
    ...KEPT,
    ...over,
  };
}

export function webhookOf(over: Partial<WebhookResource> = {}): WebhookResource {
  return {
    id: 'ops',
    description: null,
    url: 'https://ops.example.com/in',
    events: ['session.*'],
    subjects: null,
    allow_private: false,
    ordered: false,
    max_parallel: 8,
    timeout_ms: 15_000,
    labels: {},
    disabled: false,
    disabled_reason: null,
    pending: 2,
    dead_letters: 1,
    oldest_dead_letter_at: AT,
    ...KEPT,
    ...over,
  };
}

export function sampleOf(over: Partial<WorkerUsageSample> = {}): WorkerUsageSample {
  return {
    at: AT,
    processes: 1,
    threads: 7,
    cpu_percent: 12.34,
    cpu_time_ms: 65_000,
    rss_bytes: 52_428_800,
    virtual_bytes: 104_857_600,
    swap_bytes: 0,
    file_descriptors: 21,
    connections: null,
    read_bytes: 1_024,
    write_bytes: 2_048,
    read_ops: null,
    write_ops: null,
    temporary_bytes: null,
    log_bytes: 4_096,
    ...over,
  };
}

export function instanceOf(over: Partial<WorkerInstanceResource> = {}): WorkerInstanceResource {
  return {
    instance: 0,
    state: 'ready',
    reason: 'started',
    message: null,
    since: AT,
    pid: 4711,
    started_at: AT,
    restarts: 0,
    last_exit: null,
    next_start_at: null,
    blocked_by: [],
    health: { startup: null, readiness: null, liveness: null },
    limits: [],
    usage: sampleOf(),
    metrics: [],
    ...over,
  };
}

/** A worker with these instances; of one that is not said, what the first of them shows. */
export function workerOf(
  over: Partial<WorkerResource> = {},
  instances: readonly WorkerInstanceResource[] = [instanceOf()],
): WorkerResource {
  const { instance: _, ...first } = instances[0] ?? instanceOf({ state: 'stopped', pid: null, usage: null });
  return {
    description: null,
    type: 'managed',
    enabled: true,
    command: ['node', 'server.js'],
    group: null,
    replicas: instances.length,
    labels: {},
    ...first,
    id: 'web',
    instances: [...instances],
    spec: { id: 'web', command: ['node', 'server.js'] },
    ...KEPT,
    ...over,
  };
}

/** An operation that has gone through these statuses, a second each. */
export function operationOf(statuses: ReadonlyArray<Operation['status']>, over: Partial<Operation> = {}): Operation {
  const steps = statuses.map((status, index) => ({ status, at: `2026-01-01T00:00:0${index}.000Z` }));
  const last = statuses.at(-1) as Operation['status'];
  return {
    id: 'op_1',
    kind: 'migrate',
    session_id: 'ses_1',
    endpoint: 'lpar2',
    status: last,
    steps,
    rolled_back: false,
    relogged: false,
    indeterminate_inputs: 0,
    error: null,
    created_at: AT,
    finished_at: last === 'completed' || last === 'failed' ? AT : null,
    ...over,
  };
}
