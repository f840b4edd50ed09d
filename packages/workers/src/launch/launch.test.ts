import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, defineErrors } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Launch } from '../process/contract.ts';
import { specOf } from '../spec/spec.fixture.ts';
import { ownAccount } from './account.ts';
import { hasPlace, placesOf, prepareLaunch } from './launch.ts';

const storeError = defineErrors({
  SEALED: { message: 'The store is sealed', hint: 'Open it.', retryable: true, status: 503 },
});
const INSTANCE = { worker: 'web', number: 2 };
const PLACES = placesOf('/data', INSTANCE);
const ENFORCEMENT = { cgroups: ['/cg/tasks'], rlimits: { nofile: 64 } };
const OWN = ownAccount();
const OWN_HOME = { HOME: OWN.home, USER: OWN.name, LOGNAME: OWN.name };
const CLEAN = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  ...OWN_HOME,
  ROUNDHOUSE_WORKER: 'web',
  ROUNDHOUSE_INSTANCE: '2',
};
/** Of Roundhouse itself. */
const OUTER = {
  TZ: 'UTC',
  HOME: '/outer',
  USER: 'outer',
  ROUNDHOUSE_HOME: '/secret',
  LISTEN_FDS: '1',
  LISTEN_PID: '1',
  PATH: '/outer',
  GONE: undefined,
};

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'launch-'));
  await writeFile(join(directory, 'one'), 'A=one\nB=one\nC=one\nTMPDIR=/one\n');
  await writeFile(join(directory, 'two'), 'B=two\nC=two\nROUNDHOUSE_WORKER=two\n');
});
afterAll(() => rm(directory, { recursive: true }));

async function launchOf(fields: object): Promise<Launch> {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const deps = {
    environment: OUTER,
    secrets: (reference: string) =>
      reference === 'secret://sealed' ? Promise.reject(storeError('SEALED')) : Promise.resolve(`text of ${reference}`),
    logFiles: () => ({ stdout: '/log/out', stderr: '/log/err' }),
  };
  const files = { environment_files: [join(directory, 'one'), join(directory, 'two')] };
  const spec = specOf({ id: 'web', command: ['serve'], ...('files' in fields && files), ...without(fields) });
  try {
    return await prepareLaunch(INSTANCE, spec, ENFORCEMENT, PLACES, deps, scope);
  } finally {
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  }
}

const without = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'files'));

describe('a launch', () => {
  it('is clean where nothing is said', async () => {
    expect(await launchOf({})).toEqual({
      command: ['serve'],
      workingDirectory: '/data/web/2',
      environment: CLEAN,
      secretFiles: {},
      user: undefined,
      umask: 0o022,
      nice: undefined,
      oomScoreAdjust: undefined,
      keepCapabilities: undefined,
      hasNoNewPrivileges: false,
      cgroups: ['/cg/tasks'],
      rlimits: { nofile: 64 },
      logFiles: undefined,
      sockets: [],
    });
  });

  it('has what is said of the program', async () => {
    const fields = {
      working_directory: '/srv',
      umask: '077',
      nice: 1,
      oom_score_adjust: 2,
      keep_capabilities: ['CHOWN'],
      sockets: [{ name: 'http', listen: '[::1]:80' }],
    };
    expect(await launchOf({ ...fields, logs: { mode: 'file' } })).toMatchObject({
      workingDirectory: '/srv',
      umask: 0o077,
      nice: 1,
      oomScoreAdjust: 2,
      keepCapabilities: ['chown'],
      hasNoNewPrivileges: true,
      logFiles: { stdout: '/log/out', stderr: '/log/err' },
      sockets: [{ name: 'http', host: '::1', port: 80 }],
    });
  });

  it.each<readonly [object, object]>([
    [{ inherit_environment: true }, { TZ: 'UTC', HOME: '/outer', USER: 'outer', PATH: '/outer' }],
    [{ inherit_environment: ['TZ', 'GONE', 'NONE'] }, { TZ: 'UTC' }],
    [{ inherit_environment: ['ROUNDHOUSE_HOME'] }, { ROUNDHOUSE_HOME: '/secret' }],
    [{ inherit_environment: [] }, {}],
    [
      { inherit_environment: true, user: 'nobody' },
      { TZ: 'UTC', PATH: '/outer', HOME: '/nonexistent', USER: 'nobody', LOGNAME: 'nobody' },
    ],
    [
      { user: 'nobody', environment: { HOME: '/h' } },
      { HOME: '/h', USER: 'nobody', LOGNAME: 'nobody' },
    ],
    [{ limits: { storage: { max_temporary: '1MB' } } }, { TMPDIR: '/data/web/2/tmp' }],
    [{ type: 'integrated' }, { ROUNDHOUSE_WORKER_SOCKET: '/data/web/2/worker.sock' }],
    [
      { files: true, inherit_environment: ['TZ'] },
      { TZ: 'UTC', A: 'one', B: 'two', C: 'two', TMPDIR: '/one' },
    ],
    [
      {
        files: true,
        limits: { storage: { max_temporary: '1MB' } },
        secrets: [
          { name: 'B', value: 'secret', as: 'variable' },
          { name: 'C', value: 'secret', as: 'variable' },
        ],
        environment: { C: 'said', ROUNDHOUSE_INSTANCE: '9' },
      },
      { A: 'one', B: 'secret', C: 'said', TMPDIR: '/one' },
    ],
    [{ environment: { PATH: '/bin', EMPTY: '' } }, { PATH: '/bin', EMPTY: '' }],
  ])('of %j has the environment %j beside the clean one', async (fields, environment) => {
    expect((await launchOf(fields)).environment).toEqual({ ...CLEAN, ...environment });
  });

  it('has secrets as files, and as variables where that is said', async () => {
    const { secretFiles, environment } = await launchOf({
      secrets: [
        { name: 'token', value: 'plain' },
        { name: 'key', value: 'secret://a/b' },
        { name: 'KEY', value: 'secret://c', as: 'variable' },
      ],
    });
    expect(secretFiles).toEqual({ token: 'plain', key: 'text of secret://a/b' });
    expect(environment).toEqual({ ...CLEAN, KEY: 'text of secret://c' });
  });

  it.each([
    [{ user: 'nobody' }, { uid: 65_534, gid: 65_534, name: 'nobody' }],
    [{ user: '0' }, { uid: 0, gid: 0, name: 'root' }],
    [
      { user: 'nobody', group_of_user: 'root' },
      { uid: 65_534, gid: 0, name: 'nobody' },
    ],
    [{ group_of_user: '65534' }, { uid: OWN.uid, gid: 65_534, name: OWN.name }],
  ])('of %j is run by %j', async (fields, user) => expect((await launchOf(fields)).user).toEqual(user));

  it.each([
    [{ command: undefined }, 'WORKER_NO_COMMAND', { worker: 'web' }],
    [{ user: 'no-such-user' }, 'WORKER_START_FAILED', { stage: 'user', reason: 'there is no user no-such-user' }],
    [{ group_of_user: 'no-such' }, 'WORKER_START_FAILED', { stage: 'user', reason: 'there is no group no-such' }],
    [{ environment_files: ['/no/such'] }, 'WORKER_START_FAILED', { stage: 'environment', worker: 'web' }],
    [{ secrets: [{ name: 'a', value: 'secret://sealed' }] }, 'SEALED', {}],
  ])('of %j is not: %s', async (fields, code, details) => {
    await expect(launchOf(fields)).rejects.toMatchObject({ code, details });
  });
});

describe('a directory of its own', () => {
  it.each([
    [{}, true, false],
    [{ working_directory: '/srv' }, false, false],
    [{ working_directory: '/srv', type: 'integrated' }, true, false],
    [{ limits: { storage: { max_temporary: '1MB' } } }, true, true],
    [{ limits: { storage: { max_logs: '1MB' } } }, true, false],
  ])('is there for %j: data %s, temporary %s', (fields, data, temporary) => {
    const spec = specOf({ id: 'web', command: ['serve'], ...fields });
    expect([hasPlace(spec, 'data'), hasPlace(spec, 'temporary')]).toEqual([data, temporary]);
  });
});
