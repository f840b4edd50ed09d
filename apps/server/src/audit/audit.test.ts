import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Route, type RouteName, ROUTES } from '@roundhouse/api';
import { type AuditEntry, type AuditRecord, type JsonObject, openJournal } from '@roundhouse/audit';
import { coreError, createScope, silentLogger, systemClock } from '@roundhouse/core';
import { FakeSession } from '@roundhouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EVENT_CATALOGUE } from '../event/catalogue.ts';
import { makeEvent } from '../event/record.ts';
import { silentLog } from '../log/silentLog.fixture.ts';
import { createServer, type Server } from '../server.ts';
import { bearer, call, type WireAnswer } from '../wire.fixture.ts';
import { FakeSupervisor } from '../worker/supervisor.fixture.ts';
import { SERVER_CODES } from './codes.ts';
import { auditOfEvent, EVENT_AUDIT } from './events.ts';
import { isComplete } from './finding.ts';
import type { AuditTrail } from './requests.ts';
import { ROUTE_AUDIT, type RouteAudit } from './routes.ts';

const TOKEN = 'a-token-of-this-test';

let server: Server;
let url = '';
let nobody = '';
let entries: AuditEntry[] = [];
/** What the journal says to a record; undefined: it keeps it. */
let refusal: Error | undefined;

/** Keeps what it is told. */
const trail: AuditTrail = {
  async append(entry) {
    if (refusal !== undefined) throw refusal;
    entries.push(entry);
    return { id: '0', durable: true };
  },
  record: (entry) => void entries.push(entry),
};

beforeAll(async () => {
  const plenty = { perSecond: 100_000, burst: 100_000 };
  server = await createServer(
    {
      port: 0,
      token: TOKEN,
      version: '1.2.3',
      rateLimits: { anonymous: plenty, principal: plenty },
      authentication: { lockout: { max_failures_per_address: 10_000, delay_ms: 0 } },
    },
    {
      log: silentLog(),
      supervisor: new FakeSupervisor(),
      audit: trail as never,
      openSession: async (options, scope) => {
        const session = new FakeSession(options);
        scope.onEnd((reason) => session.destroy(reason));
        queueMicrotask(() => session.hostUnlocks());
        return session;
      },
    },
  );
  ({ url } = await server.start());
  await server.resources.create('principal', { id: 'nobody', roles: [] }, { by: 'test' });
  const { json } = await ask('POST', '/api/v1/api-keys', { id: 'key-of-nobody', principal: 'nobody' });
  nobody = bearer(json?.['key'] as string);
});
afterAll(() => server.stop());
beforeEach(() => {
  entries = [];
  refusal = undefined;
});

function ask(method: string, path: string, body?: unknown, authorization = bearer(TOKEN)): Promise<WireAnswer> {
  return call(url, method, path, { authorization, ...(body === undefined ? {} : { body }) });
}

/** As the journal keeps it. */
function kept(entry: AuditEntry): AuditRecord {
  const { personal: _, details, ...facts } = entry;
  const time = '2026-11-22T00:00:00.000Z';
  return { ...facts, details: details as JsonObject, v: 1, seq: 0, id: 'i', time, boot: 'b', monotonic_ms: 0 };
}

function pathOf({ path }: Route): string {
  return path.replaceAll(/\{\w+\}/g, 'nothing-of-this-name');
}

/** A stream has no end to wait for. */
const STREAMS: ReadonlySet<RouteName> = new Set(['streamEvents']);
const routes = (Object.entries(ROUTES) as [RouteName, Route][]).filter(([name]) => !STREAMS.has(name));
const changes = routes.filter(([name]) => auditOf(name)?.as === 'change');

function auditOf(name: RouteName): RouteAudit {
  return ROUTE_AUDIT[name];
}

describe('the audit of requests', () => {
  it('has a record of every route that is no GET', () => {
    const unrecorded = routes.filter(([name, { method }]) => method !== 'GET' && auditOf(name) === null);
    expect(unrecorded.map(([name]) => name)).toEqual([]);
  });

  it.each(changes)('tells of %s when it is asked for, and when it is answered', async (name, route) => {
    const { status } = await ask(route.method, pathOf(route), route.body === undefined ? undefined : {});
    const own = entries.filter(({ details }) => details?.['route'] === name);
    expect(own.map(({ phase }) => phase)).toEqual(['received', 'completed']);
    const [received, completed] = own as [AuditEntry, AuditEntry];
    expect(received).toMatchObject({ code: auditOf(name)?.code, outcome: 'pending', source: { address: '127.0.0.1' } });
    expect(received.actor).toEqual({ type: 'principal', id: 'root', authentication: 'token' });
    expect(completed.outcome).toBe(status < 400 ? 'success' : 'failure');
    if (status >= 400) expect(completed.reason).toMatch(/^[A-Z][A-Z_]+$/);
    expect(completed.request_id).toBe(received.request_id);
    for (const entry of own) expect(isComplete(kept(entry))).toBe(true);
  });

  it.each(changes)('does nothing of %s while the journal keeps no record', async (name, route) => {
    refusal = coreError('NOT_SUPPORTED', { details: { what: 'a test' } });
    const { status, json } = await ask(route.method, pathOf(route), route.body === undefined ? undefined : {});
    expect(json?.['code']).toBe('NOT_SUPPORTED');
    expect(status).toBeGreaterThanOrEqual(400);
    expect(entries.filter(({ details }) => details?.['route'] === name)).toEqual([]);
  });

  it.each(routes.filter(([, { permission }]) => typeof permission === 'object'))(
    'tells that %s was denied to somebody who may not',
    async (name, route) => {
      const { status } = await ask(route.method, pathOf(route), route.body === undefined ? undefined : {}, nobody);
      expect(status).toBe(403);
      const own = entries.filter(({ details }) => details?.['route'] === name);
      expect(own).toMatchObject([{ code: 'RHA-4003', outcome: 'denied', reason: 'FORBIDDEN' }]);
      expect(own[0]?.actor).toMatchObject({ type: 'api_key', id: 'key-of-nobody', on_behalf_of: 'nobody' });
    },
  );

  it('follows a session from its beginning to its end, with what was read and sent, and nothing of the screen', async () => {
    const { json } = await ask('POST', '/api/v1/sessions', { host: '127.0.0.1', port: 23 });
    const path = `/api/v1/sessions/${String(json?.['id'])}`;
    await ask('GET', `${path}/screen`);
    await ask('POST', `${path}/input`, {
      actions: [
        { type: 'text', text: 'hunter2' },
        { type: 'key', key: 'Enter' },
      ],
      // The host of this test answers nothing.
      wait: { for: 'none' },
    });
    await ask('DELETE', path);
    const ofSession = entries.filter(({ session_id }) => session_id === json?.['id']).map(({ action }) => action);
    for (const action of ['session.created', 'session.connected', 'screen.read', 'session.input', 'session.closed']) {
      expect(ofSession).toContain(action);
    }
    expect(JSON.stringify(entries)).not.toContain('hunter2');
  });
});

describe('the audit of a screen that is polled', () => {
  it('has one record as long as nothing new is seen, and with the next how often that was', async () => {
    const { json } = await ask('POST', '/api/v1/sessions', { host: '127.0.0.1', port: 23 });
    const path = `/api/v1/sessions/${String(json?.['id'])}`;
    const reads = () =>
      entries.filter(({ action, session_id }) => action === 'screen.read' && session_id === json?.['id']);
    for (const query of ['', '?format=text', '?format=html', '']) await ask('GET', `${path}/screen${query}`);
    expect(reads().map(({ details }) => details?.['repeats'])).toEqual([undefined]);
    await ask('POST', `${path}/input`, { actions: [{ type: 'text', text: 'x' }] });
    await ask('GET', `${path}/screen`);
    await ask('GET', `${path}/screen`);
    expect(reads().map(({ details }) => details?.['repeats'])).toEqual([undefined, 3]);
    await ask('DELETE', path);
  });
});

describe('the audit of streams', () => {
  const streams = (Object.entries(ROUTES) as [RouteName, Route][]).filter(([, { success }]) =>
    Object.hasOwn(success.content ?? {}, 'text/event-stream'),
  );
  const recorded = streams.filter(([name]) => auditOf(name) !== null);
  /** Of those that begin only when there is what they are about. */
  const paths: Partial<Record<RouteName, string>> = {
    getWorkerLogs: '/api/v1/workers/WORKER/logs',
    getWorkersLogs: '/api/v1/worker-logs?worker=WORKER',
    // What finds records is not there in this test; src/http/auditRoutes.test.ts has it.
    queryAudit: '',
  };

  it('are all begun in one place, which no record escapes', () => {
    const folder = fileURLToPath(new URL('..', import.meta.url));
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    );
    const hijacking = sources.filter((name) => /\.hijack\(/.test(readFileSync(join(folder, name), 'utf8')));
    expect(hijacking).toEqual(['http/eventStream.ts']);
    expect(recorded.map(([name]) => name).toSorted()).toEqual(Object.keys(paths).toSorted());
  });

  it.each(recorded.filter(([name]) => paths[name] !== ''))('are on record when they begin: %s', async (name) => {
    const id = `web-${name.toLowerCase()}`;
    await server.resources.create('worker', { id, command: ['true'] }, { by: 'test' });
    entries = [];
    const path = (paths[name] ?? '').replace('WORKER', id);
    // Its head goes out with the first that is written, for which nobody waits here.
    const target = `${url}${path}${path.includes('?') ? '&' : '?'}follow=true`;
    const asked = get(target, { headers: { authorization: bearer(TOKEN) }, agent: false }).on('error', () => {});
    const own = (): readonly AuditEntry[] => entries.filter(({ details }) => details?.['route'] === name);
    await expect
      .poll(own, { timeout: 8_000 })
      .toMatchObject([{ code: auditOf(name)?.code, phase: 'fact', outcome: 'success' }]);
    expect(own()[0]?.actor.id).toBe('root');
    asked.destroy();
  });
});

describe('the audit of events', () => {
  it('knows every type of the catalogue, and no other', () => {
    expect(Object.keys(EVENT_AUDIT).toSorted()).toEqual(Object.keys(EVENT_CATALOGUE).toSorted());
  });

  it('makes records of them that the journal keeps as they are', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-audit-'));
    try {
      const journal = await openJournal({ directory: folder }, { clock: systemClock, log: silentLogger });
      const types = Object.keys(EVENT_CATALOGUE).filter((type) => EVENT_AUDIT[type] !== null);
      for (const [sequence, type] of types.entries()) {
        const draft = { type, subject: 'subject-1', data: { by: 'ann', code: 'SOME_CODE', password: 'hunter2' } };
        const entry = auditOfEvent(makeEvent(draft, { sequence, at: 0, source: '/test' }));
        expect(entry, type).toMatchObject({ code: expect.any(String), actor: { id: 'ann' } });
        await journal.append(entry as AuditEntry);
      }
      const records: AuditRecord[] = [];
      for await (const record of journal.read({}, createScope())) records.push(record);
      const own = records.filter(({ code }) => code in SERVER_CODES);
      expect(own.map(({ details }) => details?.['type'])).toEqual(types);
      expect(own.every(({ actor, reason }) => actor.id === 'ann' && reason === 'SOME_CODE')).toBe(true);
      expect(records.filter((record) => !isComplete(record))).toEqual([]);
      expect(JSON.stringify(records)).not.toContain('hunter2');
      await journal.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
