import { join } from 'node:path';
import { coreError } from '@roundhouse/core';
import type { SupervisorOptions, SupervisorSources } from '@roundhouse/workers';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeSupervisor } from '../worker/supervisor.fixture.ts';
import { type Content, Installation } from './installation.fixture.ts';

const db = { id: 'db', command: ['db'] };
const web = { id: 'web', command: ['web'], depends_on: ['db'] };

let installation: Installation;
afterEach(() => installation[Symbol.asyncDispose]());

function content(workers: readonly Content[], more: Content = {}): Content {
  return { server: { port: 0 }, log: { level: 'silent' }, workers, ...more };
}

describe('an installation with workers', () => {
  it('gives them places in its data directory, and has all of them before one begins', async () => {
    const supervisor = new FakeSupervisor();
    let places: SupervisorOptions | undefined;
    let sources: SupervisorSources | undefined;
    installation = await Installation.start(content([web, db]), {
      createSupervisor(...given) {
        [places, sources] = given;
        return supervisor;
      },
    });
    const home = join(installation.folder, 'home');
    expect(places).toEqual({
      directory: join(home, 'run'),
      logDirectory: join(home, 'logs', 'workers'),
      dataDirectory: join(home, 'workers'),
      cores: expect.any(Number),
    });
    expect(Object.keys(sources ?? {}).sort()).toEqual(
      ['clock', 'endpointProbe', 'environment', 'log', 'random', 'secrets', 'urlProbe'].sort(),
    );
    expect(supervisor.calls).toEqual(['open', 'set db', 'set web', 'begin']);
    expect(await installation.client.getResource('worker', 'web')).toMatchObject({ origin: 'file', state: 'ready' });
  });

  it('says what a reload does to them before it does it, and leaves alone what is the same', async () => {
    const supervisor = new FakeSupervisor();
    installation = await Installation.start(content([web, db]), { createSupervisor: () => supervisor });
    const { client } = installation;
    supervisor.calls.length = 0;
    await installation.write(
      content([
        { ...web, limits: { cpu: { max_percent: 50 } } },
        { ...db, command: ['db2'] },
      ]),
    );
    const workers = [
      { worker: 'db', effect: 'restart' },
      { worker: 'web', effect: 'live' },
    ];
    expect(await client.reloadConfiguration({ dry_run: true })).toMatchObject({ applied: false, workers });
    expect(supervisor.calls).toEqual([]);
    expect(await client.reloadConfiguration()).toMatchObject({ applied: true, workers });
    expect(supervisor.calls).toEqual(['set db', 'set web']);
    await installation.write(content([db]));
    expect(await client.reloadConfiguration()).toMatchObject({
      workers: [
        { worker: 'db', effect: 'restart' },
        { worker: 'web', effect: 'remove' },
      ],
    });
    expect(supervisor.calls.slice(2)).toEqual(['set db', 'remove web']);
  });

  it('leaves them to the next server where the configuration says so by then', async () => {
    const supervisor = new FakeSupervisor();
    installation = await Installation.start(content([db]), { createSupervisor: () => supervisor });
    // Their own grace is what counts.
    expect(installation.server.stopMs).toBeGreaterThan(60_000);
    await installation.write(content([db], { shutdown: { workers: 'leave' } }));
    expect(await installation.client.reloadConfiguration()).toMatchObject({
      changes: [{ path: 'shutdown', action: 'live' }],
      workers: [],
    });
    expect(installation.server.stopMs).toBeLessThan(5_000);
    await installation.server[Symbol.asyncDispose]();
    expect(supervisor.calls.at(-1)).toBe('close leave');
  });

  it('does without them on a machine where there can be none', async () => {
    installation = await Installation.start(content([]), {
      createSupervisor() {
        throw coreError('NOT_SUPPORTED', { details: { what: 'Supervision here' } });
      },
    });
    await expect(installation.client.createResource('worker', { id: 'a', command: ['a'] })).rejects.toMatchObject({
      code: 'WORKERS_UNAVAILABLE',
    });
  });
});
