import { randomBytes } from 'node:crypto';
import { type Client, createClient, type EventRecord } from '@roundhouse/api';
import { type Clock, createKeyRing, systemClock } from '@roundhouse/core';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventFault } from './event/catalogue.ts';
import { silentLog } from './log/silentLog.fixture.ts';
import { Masking } from './masking/masking.ts';
import { createServer, type Server, type ServerOptions } from './server.ts';
import { publishWorkers } from './worker/events.ts';
import { FakeSupervisor } from './worker/supervisor.fixture.ts';

const TOKEN = 'token-of-the-tests';
const keyRing = createKeyRing(new Map([['test', randomBytes(32)]]), 'test');

let store: Store;
let supervisor: FakeSupervisor;
let server: Server;
let client: Client;

async function start(
  supervised: FakeSupervisor | undefined,
  options: Partial<ServerOptions> = {},
  clock: Clock = systemClock,
): Promise<void> {
  server = await createServer(
    { port: 0, token: TOKEN, version: '1.2.3', ...options },
    {
      log: silentLog(),
      store,
      keyRing,
      openSession: () => Promise.reject(new Error('no session is opened here')),
      clock,
      ...(supervised === undefined ? {} : { supervisor: supervised }),
    },
  );
  const { url } = await server.start();
  client = createClient({ url, token: TOKEN });
}

async function stop(): Promise<void> {
  client.close();
  await server.stop();
}

beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock });
  supervisor = new FakeSupervisor();
  await start(supervisor);
});
afterEach(async () => {
  await stop();
  await store[Symbol.asyncDispose]();
});

const code = (what: string) => expect.objectContaining({ code: what });

describe('workers of a server', () => {
  it('are taken over when it begins, run once all of them are known, and stop with it', async () => {
    await client.createResource('worker', { id: 'web', command: ['web'] });
    await stop();
    expect(supervisor.calls).toEqual(['open', 'begin', 'set web', 'close stop']);
    supervisor = new FakeSupervisor();
    await start(supervisor);
    expect(supervisor.calls).toEqual(['open', 'set web', 'begin']);
  });

  it('are stopped with it where that is wanted, from one moment to the next', async () => {
    server.workers.atStop = 'stop';
    await stop();
    expect(supervisor.calls.at(-1)).toBe('close stop');
    supervisor = new FakeSupervisor();
    await start(supervisor, { workers: { atStop: 'stop' } });
    await stop();
    expect(supervisor.calls.at(-1)).toBe('close stop');
  });

  it('are shown as they do, with what was asked for but its secrets', async () => {
    const shown = await client.createResource('worker', {
      id: 'web',
      command: ['web', '--port', '80'],
      environment: { PASSWORD: 'planted' },
      secrets: [{ name: 'key', value: 'planted' }],
      group: 'front',
      replicas: 2,
      labels: { env: 'prod' },
    });
    expect(shown).toMatchObject({ id: 'web', state: 'ready', reason: 'started', replicas: 2, group: 'front' });
    expect(shown).toMatchObject({ type: 'managed', enabled: true, command: ['web', '--port', '80'] });
    expect(shown.instances.map(({ instance, state }) => [instance, state])).toEqual([
      [0, 'ready'],
      [1, 'ready'],
    ]);
    expect(shown.pid).toBe(shown.instances[0]?.pid);
    expect(shown.spec).toEqual({
      id: 'web',
      command: ['web', '--port', '80'],
      group: 'front',
      replicas: 2,
      labels: { env: 'prod' },
    });
  });

  it('keep their secrets sealed, over a restart and over a change that does not name them', async () => {
    const environment = { PASSWORD: 'planted' };
    const unit = { managed: { control: { execution: { executable_path: '/bin/web', environment: ['KEY=planted'] } } } };
    await client.createResource('worker', {
      id: 'web',
      command: ['web'],
      environment,
      secrets: [{ name: 'key', value: 'planted' }],
    });
    await client.createResource('worker', { id: 'nested', unit });
    const kept = JSON.stringify((await store.list('worker', { limit: 10 })).items);
    expect(kept).toContain('nested');
    expect(kept).not.toContain('planted');
    await stop();
    supervisor = new FakeSupervisor();
    await start(supervisor);
    expect(supervisor.find('web')?.spec.program).toMatchObject({
      environment,
      secrets: [{ name: 'key', value: 'planted' }],
    });
    expect(supervisor.find('nested')?.spec.program).toMatchObject({ environment: { KEY: 'planted' } });
    await client.putResource('worker', 'web', { command: ['web', '-v'] });
    expect(supervisor.find('web')?.spec.program).toMatchObject({ command: ['web', '-v'], environment });
  });

  it('are refused where the supervisor would not have them, or where they wait for each other', async () => {
    await client.createResource('worker', { id: 'db', command: ['db'] });
    await client.createResource('worker', { id: 'web', command: ['web'], depends_on: ['db'] });
    const create = (input: object) => client.createResource('worker', { id: 'x', command: ['x'], ...input });
    await expect(create({ schedule: 'never' })).rejects.toEqual(code('WORKER_INVALID'));
    await expect(create({ attach: { port: 80 } })).rejects.toEqual(code('WORKER_INVALID'));
    await expect(create({ depends_on: [{ worker: 'dbb' }] })).rejects.toMatchObject({
      code: 'REFERENCE_MISSING',
      details: { errors: [{ pointer: '/depends_on', suggestion: 'db' }] },
    });
    await expect(client.putResource('worker', 'db', { command: ['db'], depends_on: ['web'] })).rejects.toMatchObject({
      code: 'WORKER_INVALID',
      details: { worker: 'db', field: 'depends_on[0]', reason: expect.stringContaining('db → web → db') },
    });
    await expect(create({ depends_on: ['x'] })).rejects.toEqual(code('WORKER_INVALID'));
    await expect(client.deleteResource('worker', 'db')).rejects.toEqual(code('RESOURCE_IN_USE'));
    expect(supervisor.list().map(({ spec }) => spec.id)).toEqual(['db', 'web']);
  });

  it('cannot be without a supervisor, and those from before are shown as unknown', async () => {
    await client.createResource('worker', { id: 'web', command: ['web'] });
    await stop();
    await start(undefined);
    await expect(client.createResource('worker', { id: 'x', command: ['x'] })).rejects.toEqual(
      code('WORKERS_UNAVAILABLE'),
    );
    await expect(client.workers.start('web')).rejects.toEqual(code('WORKERS_UNAVAILABLE'));
    expect(await client.getResource('worker', 'web')).toMatchObject({ state: 'unknown', since: null, instances: [] });
    expect(await client.workers.listGroups()).toEqual({ items: [], next_cursor: null });
    await client.deleteResource('worker', 'web');
    expect((await client.listResources('worker')).items).toEqual([]);
  });
});

describe('commands on workers', () => {
  beforeEach(async () => {
    await client.createResource('worker', { id: 'web', command: ['web'], replicas: 2, group: 'front' });
    await client.createResource('worker', { id: 'db', command: ['db'] });
    supervisor.calls.length = 0;
  });

  it('reach the supervisor, and are answered by how the worker does then', async () => {
    const { workers } = client;
    expect(await workers.stop('web')).toMatchObject({ state: 'stopped', pid: null });
    expect(await workers.start('web', { instance: 1, force: true })).toMatchObject({ state: 'stopped' });
    expect(await workers.restart('web')).toMatchObject({ state: 'ready' });
    await workers.reload('web');
    await workers.signal('web', { signal: 'USR1', instance: 1 });
    expect(await workers.scale('web', 3)).toMatchObject({ replicas: 3 });
    expect(supervisor.calls).toEqual([
      'stop web',
      'start web/1 by force',
      'stop web',
      'start web',
      'reload web',
      'signal web/1 USR1',
      'scale web 3',
    ]);
    expect(await workers.exec('web', { command: ['echo', 'a b'] })).toEqual({ code: 0, output: 'echo a b\n' });
  });

  it('raise what the supervisor does', async () => {
    await client.workers.stop('db');
    await expect(client.workers.signal('db', { signal: 'HUP' })).rejects.toEqual(code('WORKER_NOT_RUNNING'));
    await expect(client.workers.start('web', { instance: 7 })).rejects.toEqual(code('WORKER_NOT_FOUND'));
  });

  it('are waited for as long as the caller wants, and go on then', async () => {
    supervisor.isStuck = true;
    await expect(client.workers.start('web', { timeout: '20ms' })).rejects.toEqual(code('DEADLINE_EXCEEDED'));
    expect(await client.workers.start('web', { wait: false })).toMatchObject({ id: 'web' });
  });

  it('reach all workers of a group', async () => {
    await client.createResource('worker', { id: 'api', command: ['api'], group: 'front' });
    supervisor.calls.length = 0;
    expect(await client.workers.listGroups()).toMatchObject({
      items: [{ id: 'front', state: 'ready', workers: ['api', 'web'], replicas: 3, running: 3 }],
    });
    expect(await client.workers.stopGroup('front')).toMatchObject({ state: 'stopped', running: 0 });
    expect(await client.workers.startGroup('front')).toMatchObject({ state: 'ready', running: 3 });
    expect(await client.workers.scaleGroup('front', 2)).toMatchObject({ replicas: 4 });
    expect(supervisor.calls).toEqual(
      expect.arrayContaining(['stop web', 'stop api', 'start web', 'start api', 'scale web 2', 'scale api 2']),
    );
    expect(supervisor.calls).not.toContain('stop db');
    await expect(client.workers.startGroup('back')).rejects.toEqual(code('WORKER_GROUP_NOT_FOUND'));
  });

  it('tell where a worker has been, and what it takes', async () => {
    await client.workers.stop('db');
    expect(await client.workers.history('db')).toMatchObject({
      worker: 'db',
      instances: [
        {
          instance: 0,
          moves: [
            { from: 'stopped', to: 'ready' },
            { from: 'ready', to: 'stopped', reason: 'by_request' },
          ],
        },
      ],
    });
    expect(await client.workers.usage('web', { instance: 1 })).toEqual({
      worker: 'web',
      instances: [{ instance: 1, limits: [], now: null, history: [] }],
    });
  });
});

describe('logs of workers', () => {
  beforeEach(async () => {
    await client.createResource('worker', { id: 'web', command: ['web'] });
    await client.createResource('worker', { id: 'db', command: ['db'] });
  });

  it('are read as bytes, or line by line', async () => {
    supervisor.logs.write('web', 'one');
    supervisor.logs.write('web', 'tw', { isCut: true });
    supervisor.logs.write('web', 'o');
    supervisor.logs.write('db', '{"level":"info"}', { at: 1_000, stream: 'stderr' });
    expect(await client.workers.logText('web')).toBe('one\ntwo\n');
    expect(await client.workers.logText('web', { limit: 1 })).toBe('o\n');
    expect(await client.workers.logText('web', { limit: 0 })).toBe('');
    expect(await client.workers.logLines(['db', 'web'], { pattern: '^(one|.*level)' })).toEqual([
      { at: expect.any(String), worker: 'web', instance: 0, stream: 'stdout', text: 'one', cut: false, json: null },
      {
        at: '1970-01-01T00:00:01.000Z',
        worker: 'db',
        instance: 0,
        stream: 'stderr',
        text: '{"level":"info"}',
        cut: false,
        json: { level: 'info' },
      },
    ]);
    await expect(client.workers.logText('web', { pattern: '(' })).rejects.toEqual(code('LOG_PATTERN_INVALID'));
    await expect(client.workers.logLines(['web', 'none'])).rejects.toEqual(code('WORKER_NOT_FOUND'));
  });

  it('are those of an instance that is, or was', async () => {
    supervisor.logs.write('web', 'gone', { instance: { worker: 'web', number: 3 } });
    expect(await client.workers.logText('web', { instance: 3 })).toBe('gone\n');
    expect(await client.workers.logText('web', { instance: 0 })).toBe('');
    await expect(client.workers.logText('web', { instance: 4 })).rejects.toEqual(code('WORKER_NOT_FOUND'));
  });

  it('are followed from their last lines on, each line once', async () => {
    for (const text of ['old', 'a', 'b']) supervisor.logs.write('web', text, { at: 5 });
    const texts: string[] = [];
    for await (const { worker, text } of client.workers.followLogs(['web', 'db'], { limit: 2 })) {
      texts.push(`${worker}: ${text}`);
      if (texts.length === 2) supervisor.logs.write('db', 'c', { at: 5 });
      if (texts.length === 3) supervisor.logs.write('web', 'd', { at: 6 });
      if (texts.length === 4) break;
    }
    expect(texts).toEqual(['web: a', 'web: b', 'db: c', 'web: d']);
    await expect.poll(() => supervisor.logs.followers).toBe(0);
  });

  it('are followed until the last of the workers has been removed for a while', async () => {
    await stop();
    const clock = new FakeClock();
    await start(supervisor, {}, clock);
    const texts: string[] = [];
    let isOver = false;
    const following = (async () => {
      for await (const { text } of client.workers.followLogs(['web', 'db'])) texts.push(text);
      isOver = true;
    })();
    await expect.poll(() => supervisor.logs.followers).toBe(1);
    await client.deleteResource('worker', 'web');
    supervisor.logs.write('db', 'on', { at: clock.now() });
    await expect.poll(() => texts).toEqual(['on']);
    await clock.advance(60_000);
    expect(isOver).toBe(false);
    await client.deleteResource('worker', 'db');
    supervisor.logs.write('db', 'farewell', { at: clock.now() });
    await expect.poll(() => texts).toEqual(['on', 'farewell']);
    await clock.advance(5_000);
    await following;
    expect(supervisor.logs.followers).toBe(0);
  });

  it('stop being followed when the server stops', async () => {
    supervisor.logs.write('web', 'a');
    const texts: string[] = [];
    for await (const { text } of client.workers.followLogs(['web'])) {
      texts.push(text);
      void server.stop();
    }
    expect(texts).toEqual(['a']);
    expect(supervisor.logs.followers).toBe(0);
  });
});

describe('events of workers', () => {
  it('are told with the labels of the worker, as the catalogue has them', async () => {
    const told: EventRecord[] = [];
    server.journal.watch((event) => told.push(event));
    await client.createResource('worker', { id: 'web', command: ['web'], labels: { env: 'prod' } });
    const fact = { id: { worker: 'web', number: 0 }, labels: { env: 'prod' } };
    const exit = { generation: 1, code: null, signal: 'SIGKILL', isKnown: true, at: 0 };
    const violation = { limit: 'memory.max_rss', policy: 'restart', value: 10, step: 0 } as const;
    const status = {
      status: 'failure',
      checkedAt: 0,
      elapsedMs: 1,
      failures: 3,
      code: 'X',
      message: 'no',
      steps: [],
    } as const;
    supervisor.emit('exited', { ...fact, exit, reason: 'out_of_memory' });
    supervisor.emit('moved', {
      ...fact,
      from: 'ready',
      to: 'running',
      reason: 'readiness_failed',
      pid: 1,
      restarts: 0,
    });
    supervisor.emit('moved', { ...fact, from: 'running', to: 'running', reason: 'other', pid: 1, restarts: 0 });
    supervisor.emit('moved', { ...fact, from: 'running', to: 'restarting', reason: 'backoff', pid: 1, restarts: 1 });
    supervisor.emit('adopted', { ...fact, process: { pid: 7, startTime: 1, bootId: 'b' } });
    supervisor.emit('probed', { ...fact, verdict: { role: 'liveness', isPassing: false, status } });
    supervisor.emit('violated', { ...fact, violation: { ...violation, severity: 'warning', used: 9 } });
    supervisor.emit('violated', { ...fact, violation: { ...violation, severity: 'critical', used: 11 } });
    supervisor.emit('recovered', { ...fact, limit: 'memory.max_rss' });
    const notice = { number: 1, at: 0, severity: 'warning', message: 'little room' } as const;
    supervisor.emit('noticed', { ...fact, notice });
    const bytes = Buffer.from('é'.repeat(3_000));
    supervisor.emit('logged', {
      ...fact,
      line: { instance: fact.id, stream: 'stderr', at: 0, isCut: false, bytes },
    });
    await server.journal.settled();
    expect(told.map(({ type }) => type.replace('roundhouse.worker.', ''))).toEqual([
      'started',
      'ready',
      'created',
      'exited',
      'out_of_memory',
      'unready',
      'restarting',
      'adopted',
      'probe_failed',
      'limit_warning',
      'limit_exceeded',
      'limit_recovered',
      'noticed',
      'log_matched',
    ]);
    expect(told.flatMap((event) => eventFault(event) ?? [])).toEqual([]);
    expect(told.map(({ subject, data }) => [subject, data['labels']])).toEqual(
      told.map(() => ['web', { env: 'prod' }]),
    );
    expect(String(told.at(-1)?.data['text'])).toHaveLength(2_048);
  });

  it('hides a number in a line that is told before it cuts the line', () => {
    const texts: unknown[] = [];
    const leave = publishWorkers(
      supervisor,
      { publish: (_type, _subject, data) => texts.push(data?.['text']) as never },
      new Masking({ channels: ['logs'] }).line,
    );
    const bytes = Buffer.from(`${'x'.repeat(4_083)} 4111111111111111`);
    const id = { worker: 'web', number: 0 };
    supervisor.emit('logged', { id, labels: {}, line: { instance: id, stream: 'stdout', at: 0, isCut: false, bytes } });
    leave();
    expect(texts).toEqual([`${'x'.repeat(4_083)} ${'*'.repeat(12)}`]);
  });
});
