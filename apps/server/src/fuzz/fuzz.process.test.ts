import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOpenApi, type Route, ROUTES } from '@roundhouse/api';
import { type AuditJournal, openIndex, openJournal, type SearchIndex } from '@roundhouse/audit';
import { silentLogger, systemClock } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { openSession } from '@roundhouse/tn3270';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoHost, startDemoHost } from '../demo/demoHost.ts';
import { parseLogFilter } from '../log/filter.ts';
import { LogLevels } from '../log/levels.ts';
import { noLines } from '../log/logger.ts';
import { LOG_MODULES } from '../log/modules.ts';
import { createServer, type Server } from '../server.ts';
import { FakeSupervisor } from '../worker/supervisor.fixture.ts';
import { readCatalogues } from './catalogues.fixture.ts';
import { fuzz } from './fuzz.ts';

const TOKEN = 'rh_token-of-the-fuzzer-0123456789';
/** Of a form that is taken for a webhook. */
const SECRET = `whsec_${Buffer.from('canary that must not come back!').toString('base64')}`;
const IS_LONG = process.env['ROUNDHOUSE_LONG'] === '1';
const REQUESTS = Number(process.env['ROUNDHOUSE_FUZZ_REQUESTS'] ?? (IS_LONG ? 60_000 : 10_000));
const SEED = Number(process.env['ROUNDHOUSE_FUZZ_SEED'] ?? 3270);

/** Folders whose codes any request may meet: what HTTP, the credentials and the schemas refuse. */
const OF_EVERY_ROUTE = /^apps\/server\/src(\/http|\/identity|\/policy)?$/;
/** Folders whose codes a session may fail with: whatever a network, a host or the engine can do. */
const OF_HOSTS = /^packages\/(net|tn3270|traffic)\//;

/** Operations that want a configuration file or a policy of retention, or a delivery to the very webhook that stands before it. */
const OUT_OF_REACH: ReadonlySet<string> = new Set([
  'reloadConfiguration',
  'listOverrides',
  'putOverride',
  'deleteOverride',
  'getDelivery',
  'getAuditRetention',
  'runAuditRetention',
  ...(IS_LONG ? [] : Object.keys(ROUTES).filter((id) => /Audit/.test(id))),
]);
/** Operations whose schema cannot say which fields go together. */
const OF_ONE_TARGET: ReadonlySet<string> = new Set(['createSession', 'migrateSession']);
const OF_WORKERS: ReadonlySet<string> = new Set(['createWorker', 'putWorker']);
const OF_WEBHOOKS: ReadonlySet<string> = new Set(['createWebhook', 'putWebhook']);

describe('the API, asked whatever can be asked', () => {
  let host: DemoHost;
  let server: Server;
  let url: string;
  let home: string;
  /** In a long run: records that are flushed one by one take most of its time. */
  let audit: AuditJournal | undefined;
  let auditIndex: SearchIndex | undefined;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'roundhouse-fuzz-'));
    const deps = { clock: systemClock, log: silentLogger };
    if (IS_LONG) {
      audit = await openJournal({ directory: join(home, 'audit') }, deps);
      auditIndex = openIndex({ directory: join(home, 'audit-index') }, { journal: audit, ...deps });
    }
    host = await startDemoHost({ port: 0, name: 'FUZZ' });
    server = await createServer(
      { port: 0, token: TOKEN, version: '0.0.0', maxSessions: 40 },
      {
        log: {
          logger: silentLogger,
          levels: new LogLevels(parseLogFilter('info', LOG_MODULES), LOG_MODULES, systemClock),
          counts: noLines(),
        },
        // What it is asked to run is run by nobody.
        supervisor: new FakeSupervisor(),
        ...(audit !== undefined &&
          auditIndex !== undefined && {
            audit,
            auditIndex,
            auditPlace: { directory: join(home, 'audit'), offHostSinks: [] },
          }),
        // No name is looked up: what is not this machine is not there.
        openSession: (options, scope, ...rest) => {
          if (options.host === '127.0.0.1') return openSession(options, scope, ...rest);
          return Promise.reject(netError('NAME_NOT_FOUND', { details: { host: options.host } }));
        },
      },
    );
    ({ url } = await server.start());
  });
  afterAll(async () => {
    await server.stop();
    await auditIndex?.close();
    await audit?.close();
    await host.close();
    await rm(home, { recursive: true });
  });

  it(
    `answers ${REQUESTS} requests as its document says`,
    async () => {
      const catalogues = [...(await readCatalogues())];
      const codesIn = (folders: RegExp): string[] =>
        catalogues.flatMap(([folder, catalogue]) => (folders.test(folder) ? Object.keys(catalogue) : []));
      const ofHosts = codesIn(OF_HOSTS);
      const routes: Readonly<Record<string, Route>> = ROUTES;
      const known: Readonly<Record<string, readonly unknown[]>> = {
        host: ['127.0.0.1'],
        // One that is there, one where nothing listens.
        port: [host.port, host.port, 9],
        timeout_ms: [1, 20, 100],
        wait: ['screen', 'none'],
        url: ['http://127.0.0.1:9/hook'],
        tls: [false],
        model: ['3279-2-E', '3278-4'],
        code_page: ['037', '273'],
        module: LOG_MODULES,
        timeout: ['1s', '20ms'],
        command: [['true']],
        instance: [0],
      };
      const report = await fuzz(
        {
          url,
          document: buildOpenApi('0.0.0'),
          token: TOKEN,
          secret: SECRET,
          seed: SEED,
          requests: REQUESTS,
          known: (name) => known[name],
          repaired: (id, body) => repaired(id, body, host.port),
          statuses: Object.fromEntries(
            catalogues.flatMap(([, catalogue]) =>
              Object.entries(catalogue).map(([code, { status }]) => [code, status]),
            ),
          ),
          commonCodes: new Set([...codesIn(OF_EVERY_ROUTE), 'RATE_LIMITED']),
          codesOf: (id) => [...(routes[id]?.problems ?? []), ...(id === 'createSession' ? ofHosts : [])],
        },
        systemClock,
      );
      expect(
        report.faults.map(({ operation, what, count, example }) => `${operation}: ${what} (${count}x)\n${example}`),
      ).toEqual([]);
      expect(report.requests).toBe(REQUESTS);
      const unreached = [...report.statuses].flatMap(([id, counts]) =>
        OUT_OF_REACH.has(id) || [...counts.keys()].some((status) => status < '300') ? [] : [id],
      );
      // Each has done what it is for, or nothing was tried; with few requests some have no luck.
      if (IS_LONG) expect(unreached).toEqual([]);
      else expect(unreached.length, unreached.join()).toBeLessThan(Object.keys(ROUTES).length / 8);
      expect(report.statuses.size).toBe(Object.keys(ROUTES).length);
    },
    IS_LONG ? 600_000 : 120_000,
  );
});

function repaired(operation: string, body: unknown, port: number): unknown {
  if (OF_ONE_TARGET.has(operation)) return withOneTarget(body as Target, port);
  // Nobody listens: one that hears of everything would be so far behind that a test of it waits for as long as it may.
  if (OF_WEBHOOKS.has(operation)) return { events: ['configuration.*'], ...(body as object) };
  return OF_WORKERS.has(operation) ? plainWorker(body as { readonly id?: string }) : body;
}

/** Most of a worker goes together with other parts of it, or not. */
function plainWorker({ id }: { readonly id?: string }) {
  return { ...(id === undefined ? {} : { id }), command: ['true'], group: 'fuzzed' };
}

/** What a session goes to: a host, or something that has a name. */
interface Target {
  readonly host?: string;
  readonly port?: number;
  readonly group?: string;
  readonly endpoint?: string;
  readonly affinity_key?: string;
  readonly start_tls?: unknown;
}

/** Fewer of the fields that go together or not: to the host, unless only a name was given. */
function withOneTarget(body: Target, port: number): Target {
  const { host, group, endpoint, affinity_key: _key, start_tls: _tls, ...rest } = body;
  if (host === undefined && endpoint !== undefined && group === undefined) return { ...rest, endpoint };
  return { ...rest, host: host ?? '127.0.0.1', port: body.port ?? port };
}
