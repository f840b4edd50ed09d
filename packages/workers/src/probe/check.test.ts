import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createScope, isRoundhouseError, type Scope } from '@roundhouse/core';
import { createCertificateAuthority, FakeClock } from '@roundhouse/testing';
import type { Probe, ProbeResult } from '@roundhouse/traffic';
import { afterEach, describe, expect, it } from 'vitest';
import type { WorkerContract } from '../contract/contract.ts';
import { workerError } from '../errors.ts';
import type { LogLine, LogQuery } from '../logs/contract.ts';
import type { Run } from '../process/contract.ts';
import type { ProbeAction, ProbeRole } from '../spec/spec.ts';
import { type CheckDependencies, createWorkerCheck, type ProbeTarget, type UrlTarget } from './check.ts';
import type { WorkerCheck } from './contract.ts';

const INSTANCE = { worker: 'web', number: 0 };
const RUN: Run = { generation: 1, process: { pid: 7, startTime: 1, bootId: 'b' }, startedAt: 5_000 };
const HOST = '127.0.0.1';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) (server as http.Server).closeAllConnections();
  }
});

async function listen(server: Server): Promise<number> {
  open.push(server);
  server.listen(0, HOST);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const port = await listen(createServer());
  const server = open.pop() as Server;
  server.close();
  await once(server, 'close');
  return port;
}

const unwanted = (): never => {
  throw new Error('nobody should ask for this');
};

function checkWith(deps: Partial<CheckDependencies>, scope: Scope): WorkerCheck {
  return createWorkerCheck(
    INSTANCE,
    RUN,
    {
      execute: unwanted,
      logs: { follow: unwanted },
      endpointProbe: () => undefined,
      urlProbe: { kind: 'url', check: unwanted },
      contract: undefined,
      notices: { isReady: unwanted },
      ...deps,
    },
    scope,
  );
}

async function check(
  action: ProbeAction,
  deps: Partial<CheckDependencies> = {},
  role: ProbeRole = 'readiness',
  timeoutMs = 5_000,
): Promise<ProbeResult> {
  using scope = createScope();
  using own = scope.child({ timeoutMs, what: 'The probe' });
  return await checkWith(deps, scope).check(action, role, own);
}

type HttpAction = Extract<ProbeAction, { kind: 'http' }>;
const httpAction = (port: number, fields: Partial<HttpAction> = {}): HttpAction => ({
  kind: 'http',
  host: HOST,
  port,
  isTls: false,
  path: '/',
  headers: {},
  ...fields,
});

describe('an HTTP check', () => {
  it.each([
    [200, 'ok'],
    [204, 'ok'],
    [301, 'ok'],
    [399, 'ok'],
    [400, 'failed'],
    [404, 'failed'],
    [503, 'failed'],
  ] as const)('of a server that answers %i: %s', async (status, outcome) => {
    let asked = 0;
    const port = await listen(
      http.createServer((_request, response) => {
        asked++;
        response.writeHead(status, status === 301 ? { location: '/elsewhere' } : {}).end();
      }),
    );
    const result = await check(httpAction(port));
    expect(result).toMatchObject({ outcome, steps: [{ name: 'http', ok: outcome === 'ok' }] });
    expect(asked).toBe(1);
  });

  it('says what the server answered', async () => {
    const port = await listen(
      http.createServer((_request, response) => response.writeHead(503).end('{"db":\n "down"}\u0007')),
    );
    const { error } = await check(httpAction(port, { path: '/health?deep=1' }));
    expect(error).toEqual({
      code: 'PROBE_HTTP_STATUS',
      message: `http://${HOST}:${port}/health?deep=1 answered 503: {"db": "down"}`,
    });
  });

  it('sends its headers, whatever their case, on a connection that ends', async () => {
    let headers: http.IncomingHttpHeaders = {};
    const port = await listen(
      http.createServer((request, response) => {
        ({ headers } = request);
        response.end();
      }),
    );
    await check(httpAction(port, { headers: { 'USER-Agent': 'me', Host: 'web.example', 'X-A': 'b' } }));
    expect(headers).toMatchObject({ 'user-agent': 'me', host: 'web.example', 'x-a': 'b', connection: 'close' });
  });

  it('does not ask who has signed the certificate', async () => {
    const { cert, key } = createCertificateAuthority().issue({ isExpired: true });
    const port = await listen(https.createServer({ cert, key }, (_request, response) => response.end()));
    expect(await check(httpAction(port, { isTls: true }))).toMatchObject({ outcome: 'ok' });
  });

  it('of a server that speaks no TLS, no HTTP, or not at all, fails with a reason', async () => {
    const plain = await listen(http.createServer());
    const babble = await listen(createServer((socket) => socket.on('error', () => {}).end('220 mail\r\n')));
    const silent = await listen(createServer((socket) => socket.on('error', () => {})));
    const cutting = await listen(createServer((socket) => socket.destroy()));
    const of = async (action: HttpAction): Promise<string | undefined> =>
      (await check(action, {}, 'liveness', 200)).error?.code;
    expect(await of(httpAction(plain, { isTls: true }))).toBe('PEER_NO_ANSWER');
    expect(await of(httpAction(babble))).toBe('PEER_NO_ANSWER');
    expect(await of(httpAction(silent))).toBe('DEADLINE_EXCEEDED');
    expect(await of(httpAction(cutting))).toBe('PEER_NO_ANSWER');
    expect(await of(httpAction(await closedPort()))).toBe('CONNECT_REFUSED');
    expect(await of(httpAction(plain, { headers: { 'a b': 'c' } }))).toBe('PEER_NO_ANSWER');
  });

  it('reads so much of an endless answer and no more', async () => {
    let cut: Promise<unknown> = Promise.resolve();
    const port = await listen(
      http.createServer((_request, response) => {
        cut = once(response, 'close');
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(4_096))) {}
        };
        response.on('drain', more);
        more();
      }),
    );
    expect(await check(httpAction(port))).toMatchObject({ outcome: 'ok' });
    await cut;
  });
});

describe('a TCP check', () => {
  it('passes when a connection is taken, and ends it in order', async () => {
    let ended: unknown = 'not yet';
    let close = (): void => {};
    const closed = new Promise<void>((resolve) => (close = resolve));
    const server = createServer((socket) => {
      socket.on('error', (error) => (ended = error));
      socket.on('end', () => (ended = 'in order'));
      socket.on('close', close);
      socket.resume();
    });
    const port = await listen(server);
    expect(await check({ kind: 'tcp', host: HOST, port })).toMatchObject({ outcome: 'ok' });
    await closed;
    expect(ended).toBe('in order');
  });

  it('fails where nothing listens', async () => {
    const port = await closedPort();
    expect((await check({ kind: 'tcp', host: HOST, port })).error?.message).toContain(`${HOST}:${port} refused`);
  });
});

describe('a check by a command', () => {
  const exec: ProbeAction = { kind: 'exec', command: ['pg_isready', '-q'] };

  it.each([
    [0, undefined],
    [2, 'The command pg_isready ended with exit code 2: no response'],
    [null, 'The command pg_isready ended with a signal: no response'],
  ])('that ends with %s', async (code, message) => {
    const asked: unknown[] = [];
    const result = await check(exec, {
      async execute(command) {
        asked.push(command);
        return { code, output: 'no\nresponse\n' };
      },
    });
    expect([result.error?.message, asked]).toEqual([message, [exec.command]]);
  });

  it('that cannot be started says why', async () => {
    const error = workerError('WORKER_START_FAILED', { details: { worker: 'web', reason: 'ENOENT' } });
    expect((await check(exec, { execute: () => Promise.reject(error) })).error?.code).toBe('WORKER_START_FAILED');
  });

  it('rejects with the reason of its scope', async () => {
    using scope = createScope();
    const checking = checkWith({ execute: () => new Promise(() => {}) }, scope).check(exec, 'liveness', scope);
    scope.end();
    await expect(checking).rejects.toSatisfy((error) => isRoundhouseError(error) && error.code === 'CANCELLED');
  });
});

/** A log that is written to by hand. */
class FakeLog {
  readonly queries: Array<Omit<LogQuery, 'limit' | 'untilMs'>> = [];
  readers = 0;
  readonly #lines: string[] = [];
  #wake = (): void => {};

  write(text: string): void {
    this.#lines.push(text);
    this.#wake();
  }

  async *follow(query: Omit<LogQuery, 'limit' | 'untilMs'>, scope: Scope): AsyncIterable<LogLine> {
    this.queries.push(query);
    this.readers++;
    try {
      for (let index = 0; ; index++) {
        while (index >= this.#lines.length) {
          await scope.race(new Promise<void>((resolve) => (this.#wake = resolve)));
        }
        const bytes = Buffer.from(this.#lines[index] as string);
        yield { instance: INSTANCE, stream: 'stdout', at: 0, bytes, isCut: false };
      }
    } finally {
      this.readers--;
    }
  }
}

describe('a check of the log', () => {
  const action: ProbeAction = { kind: 'log', pattern: '^listening on \\d+$', stream: 'stdout' };

  it('passes once a line matches, and reads no more then', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const logs = new FakeLog();
    const workerCheck = checkWith({ logs }, scope);
    const next = async (): Promise<ProbeResult> => {
      using own = scope.child({ timeoutMs: 1_000 });
      const checking = workerCheck.check(action, 'startup', own);
      await clock.advance(1_000);
      return checking;
    };
    expect((await next()).error).toEqual({
      code: 'PROBE_LINE_MISSING',
      message: 'No line has been written yet that matches ^listening on \\d+$',
    });
    logs.write('not listening on 80');
    expect(await next()).toMatchObject({ outcome: 'failed' });
    expect(logs.readers).toBe(1);
    logs.write('listening on 80');
    expect(await next()).toMatchObject({ outcome: 'ok' });
    expect(await next()).toMatchObject({ outcome: 'ok' });
    expect(logs.readers).toBe(0);
    expect(logs.queries).toEqual([{ instances: [INSTANCE], sinceMs: RUN.startedAt, stream: 'stdout' }]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('stops reading with the watch of the run', async () => {
    const logs = new FakeLog();
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const checking = checkWith({ logs }, scope).check(action, 'startup', scope.child({ timeoutMs: 1_000 }));
    await clock.advance(500);
    expect((await checking).outcome).toBe('failed');
    expect(logs.readers).toBe(1);
    scope.end();
    await clock.advance(0);
    expect([logs.readers, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('looks at the beginning of long lines alone', async () => {
    const logs = new FakeLog();
    logs.write(`${'a'.repeat(5_000)}b`);
    expect(await check({ ...action, pattern: 'b' }, { logs })).toMatchObject({ outcome: 'failed' });
    expect(await check({ ...action, pattern: '^a+$' }, { logs })).toMatchObject({ outcome: 'ok' });
  });

  it('begins anew when the log could not be read', async () => {
    const logs = new FakeLog();
    logs.write('listening on 1');
    const error = workerError('WORKER_LOG_DIRECTORY', { details: { directory: '/var/log', reason: 'EIO' } });
    let isBroken = true;
    const follow: FakeLog['follow'] = (query, scope) => {
      if (isBroken) throw error;
      return logs.follow(query, scope);
    };
    using scope = createScope();
    const workerCheck = checkWith({ logs: { follow } }, scope);
    expect((await workerCheck.check(action, 'startup', scope)).error?.code).toBe('WORKER_LOG_DIRECTORY');
    isBroken = false;
    expect(await workerCheck.check(action, 'startup', scope)).toMatchObject({ outcome: 'ok' });
  });

  it('says when the pattern is none', async () => {
    expect((await check({ ...action, pattern: '(' })).error?.code).toBe('LOG_PATTERN_INVALID');
  });
});

describe('a check by the protocol', () => {
  const action: ProbeAction = { kind: 'endpoint', protocol: 'redis', host: HOST, port: 6379, isTls: true };

  it('is the one that endpoints have', async () => {
    const asked: unknown[] = [];
    const found: ProbeResult = { outcome: 'degraded', elapsedMs: 2, steps: [{ name: 'tcp', ok: true, elapsedMs: 1 }] };
    const probe: Probe<ProbeTarget> = {
      kind: 'redis',
      async check({ id, target }) {
        asked.push(id, target.host, target.port, target.isTls);
        return found;
      },
    };
    const result = await check(action, { endpointProbe: (protocol) => (protocol === 'redis' ? probe : undefined) });
    expect([result, asked]).toEqual([found, ['web/0', HOST, 6379, true]]);
  });

  it('fails for a protocol that nobody knows', async () => {
    expect((await check(action)).error).toEqual({
      code: 'PROBE_UNSUPPORTED',
      message: 'A probe of the kind endpoint is not possible: there is no check for redis',
    });
  });
});

describe('a check by a URL', () => {
  it('is made by the protocol of its scheme', async () => {
    const asked: unknown[] = [];
    const found: ProbeResult = { outcome: 'ok', elapsedMs: 2, steps: [{ name: 'greeting', ok: true, elapsedMs: 1 }] };
    const urlProbe: Probe<UrlTarget> = {
      kind: 'url',
      async check({ id, target: { url, isVerified } }) {
        asked.push(id, url, isVerified);
        return found;
      },
    };
    const url = 'smtp://127.0.0.1:2525';
    const action = { kind: 'url', url, isVerified: false, serverName: undefined, ca: undefined } as const;
    expect(await check(action, { urlProbe })).toBe(found);
    expect(asked).toEqual(['web/0', url, false]);
  });
});

describe('what a worker says itself', () => {
  const contract = (ready: boolean, health: 'ok' | 'degraded' | 'unhealthy'): WorkerContract => ({
    ready: async () => ({ isReady: ready, reason: 'warming up' }),
    health: async () => ({ status: health, reason: 'out of disk' }),
    drain: unwanted,
    reload: unwanted,
    metrics: unwanted,
    notices: unwanted,
  });

  it.each([
    ['readiness', true, 'unhealthy', undefined],
    ['readiness', false, 'ok', 'CONTRACT_NOT_READY'],
    ['startup', false, 'ok', 'CONTRACT_NOT_READY'],
    ['liveness', false, 'ok', undefined],
    ['liveness', false, 'degraded', undefined],
    ['liveness', true, 'unhealthy', 'CONTRACT_UNHEALTHY'],
  ] as const)('%s of one that is ready: %s, %s', async (role, ready, health, code) => {
    const result = await check({ kind: 'contract' }, { contract: contract(ready, health) }, role);
    expect(result.error?.code).toBe(code);
  });

  it('is not asked of one that is not integrated', async () => {
    expect((await check({ kind: 'contract' })).error?.code).toBe('PROBE_UNSUPPORTED');
  });

  it.each([true, false])('by sd_notify: %s', async (isReady) => {
    const { error } = await check(
      { kind: 'notify' },
      { notices: { isReady: (instance, run) => isReady && instance === INSTANCE && run === RUN } },
    );
    expect(error?.code).toBe(isReady ? undefined : 'PROBE_NOT_NOTIFIED');
  });
});
